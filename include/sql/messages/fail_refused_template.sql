-- Fail a tick's messages whose template was refused before their turn came; one refusal is enough.
UPDATE message_log
SET status = 'failed', error_code = %(code)s, error_detail = %(reason)s, failed_at = clock_timestamp(), updated_at = now()
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND sender = %(sender)s
    AND template_name = %(template)s
    AND language = %(language)s
    AND status = 'queued'
RETURNING id
