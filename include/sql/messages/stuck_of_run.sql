-- What a DAG run found stuck, oldest first.
SELECT production_run_id, kind, partner_id, design_id, since, quantity, produced_quantity
FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s
ORDER BY since, production_run_id
