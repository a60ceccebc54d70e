-- The mean rating that students gave each project in the month.
-- The average is of decimals, since Redshift's AVG of integers cuts the fraction off.
-- key: project_id
-- column project_id INTEGER: the project
-- column project_name VARCHAR(300): what it is called
-- column average_rating DECIMAL(10,1): mean rating, 1 (bad) to 3 (good)
-- column n INTEGER: ratings counted
SELECT projects.project_id,
       projects.project_name,
       ROUND(AVG(feedback.rating::DECIMAL(18, 8)), 1)::DECIMAL(10, 1) AS average_rating,
       COUNT(feedback.rating) AS n
FROM {project_feedback} AS feedback
JOIN {projects_dim} AS projects ON projects.project_id = feedback.project_id
WHERE feedback.load_month = %(load_month)s
GROUP BY projects.project_id, projects.project_name
