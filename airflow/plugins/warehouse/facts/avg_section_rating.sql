-- The mean rating that students gave each section in the month.
-- Joined to distinct sections: projects_dim has a row a project, and a section with two would count every rating twice.
-- key: section_id
-- column section_id INTEGER: the section of the course
-- column section_name VARCHAR(300): what it is called
-- column average_rating DECIMAL(10,1): mean rating, 1 (bad) to 3 (good)
-- column n INTEGER: ratings counted
SELECT sections.section_id,
       sections.section_name,
       ROUND(AVG(feedback.rating::DECIMAL(18, 8)), 1)::DECIMAL(10, 1) AS average_rating,
       COUNT(feedback.rating) AS n
FROM {section_feedback} AS feedback
JOIN (SELECT section_id, MIN(section_name) AS section_name FROM {projects_dim} GROUP BY section_id) AS sections
  ON sections.section_id = feedback.section_id
WHERE feedback.load_month = %(load_month)s
GROUP BY sections.section_id, sections.section_name
