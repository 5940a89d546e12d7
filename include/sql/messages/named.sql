-- The messages of a tick that a person may ask about by name: failed, unknown, still queued, over the limit.
SELECT production_run_id, partner_id, status, skip_reason, error_code, error_detail
FROM message_log
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND (status IN ('failed', 'unknown', 'queued', 'sending') OR skip_reason = 'over_limit')
ORDER BY status, skip_reason, production_run_id
