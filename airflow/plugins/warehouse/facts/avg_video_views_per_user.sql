-- How often a student who watched the video in the month has watched it, on average.
-- key: video_id
-- column video_id INTEGER: the video
-- column video_name VARCHAR(300): what it is called
-- column section_name VARCHAR(300): the section that it belongs to
-- column average_views DECIMAL(18,2): mean of views_per_user
-- column n INTEGER: students counted
SELECT videos.video_id,
       videos.video_name,
       videos.section_name,
       ROUND(AVG(log.views_per_user::DECIMAL(18, 8)), 2)::DECIMAL(18, 2) AS average_views,
       COUNT(log.views_per_user) AS n
FROM {video_log} AS log
JOIN {videos_dim} AS videos ON videos.video_id = log.video_id
WHERE log.load_month = %(load_month)s
GROUP BY videos.video_id, videos.video_name, videos.section_name
