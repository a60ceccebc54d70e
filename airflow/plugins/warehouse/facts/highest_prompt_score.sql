-- The month's questions to mentors, ranked by the up-votes of the question; those without a score come last.
-- columns of mentor_activity
-- column post_rank INTEGER: 1 is the highest score; equal scores share a rank
SELECT user_id,
       section_id,
       project_id,
       post_date,
       prompt,
       post_text,
       post_score,
       answer_date,
       answer_text,
       answer_score,
       RANK() OVER (ORDER BY post_score DESC NULLS LAST) AS post_rank
FROM {mentor_activity}
WHERE load_month = %(load_month)s
