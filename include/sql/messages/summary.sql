-- What became of a tick's messages, counted.
SELECT status, skip_reason, count(*) AS messages
FROM message_log
WHERE dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND tick_id = %(tick_id)s
GROUP BY status, skip_reason
