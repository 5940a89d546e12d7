-- Whether the last message of each run that a DAG run found stuck arrived at Meta, or was refused with a code; by when it left.
-- What is unknown or failed for another reason tells nothing of the recipient, and neither does what Meta took today and may
-- still report: else each day's message would outdo the refusal of the one before.
SELECT DISTINCT ON (f.production_run_id)
    f.production_run_id, m.partner_id, coalesce(m.claimed_at, m.created_at) AS at, m.status = 'failed' AS refused
FROM stuck_run AS f
    JOIN message_run AS r ON r.production_run_id = f.production_run_id
    JOIN message_log AS m ON m.id = r.message_id AND m.partner_id = f.partner_id
WHERE f.dag_run_id = %(dag_run_id)s
    AND r.delivery = %(delivery)s
    AND r.day <= %(day)s
    AND (
        m.status IN ('delivered', 'read')
        OR (m.status = 'sent' AND r.day < %(day)s)
        OR (m.status = 'failed' AND m.error_code = %(code)s)
    )
ORDER BY f.production_run_id, coalesce(m.claimed_at, m.created_at) DESC, m.id
