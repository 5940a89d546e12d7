-- Let one task of a DAG run at a time write what the run found; held until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(%(dag_run_id)s, 0))
