-- Stop a sender for all tasks of a DAG run at once; a stop that is not lifted yet becomes this run's, and another one: who has
-- read the earlier one can no longer become its prober.
INSERT INTO sender_stop (id, sender, dag_id, dag_run_id, clear_number, try_number, error_code, error_detail)
VALUES (
    %(id)s, %(sender)s, %(dag_id)s, %(dag_run_id)s, %(clear_number)s, %(try_number)s, %(error_code)s, %(error_detail)s
)
ON CONFLICT (sender) WHERE lifted_at IS NULL DO UPDATE
SET
    id = excluded.id, dag_id = excluded.dag_id, dag_run_id = excluded.dag_run_id, clear_number = excluded.clear_number,
    try_number = excluded.try_number, error_code = excluded.error_code, error_detail = excluded.error_detail, stopped_at = now(), probe_token = NULL
