-- The stop of a sender that is not lifted yet.
SELECT
    id, error_code, error_detail, probe_token,
    (dag_id, dag_run_id, clear_number) = (%(dag_id)s, %(dag_run_id)s, %(clear_number)s) AS of_this_run,
    try_number >= %(try_number)s AS of_this_try
FROM sender_stop
WHERE sender = %(sender)s AND lifted_at IS NULL
