-- The senders that are stopped for this pass of a DAG run.
SELECT sender, error_detail
FROM sender_stop
WHERE lifted_at IS NULL AND dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND clear_number = %(clear_number)s
ORDER BY sender
