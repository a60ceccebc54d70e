-- For how long students come back to a video: hours between their first and last view of it, on average.
-- DATEDIFF counts how often the clock strikes the hour in between; it does not divide seconds.
-- key: video_id
-- column video_id INTEGER: the video
-- column video_name VARCHAR(300): what it is called
-- column section_name VARCHAR(300): the section that it belongs to
-- column average_hours DECIMAL(18,2): mean of the hours between first and last view
-- column n INTEGER: students counted
SELECT videos.video_id,
       videos.video_name,
       videos.section_name,
       ROUND(AVG(DATEDIFF(hour, log.first_view_date, log.last_view_date)::DECIMAL(18, 8)), 2)::DECIMAL(18, 2)
           AS average_hours,
       COUNT(*) AS n
FROM {video_log} AS log
JOIN {videos_dim} AS videos ON videos.video_id = log.video_id
WHERE log.load_month = %(load_month)s
GROUP BY videos.video_id, videos.video_name, videos.section_name
