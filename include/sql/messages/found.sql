-- How many runs a DAG run found stuck in each kind.
SELECT kind, count(*) AS found FROM stuck_run WHERE dag_run_id = %(dag_run_id)s GROUP BY kind
