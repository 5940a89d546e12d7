-- What a DAG run last did about each template.
SELECT DISTINCT ON (waba_id, name, language) waba_id, name, language, detail
FROM template_change
WHERE dag_run_id = %(dag_run_id)s
ORDER BY waba_id, name, language, id DESC
