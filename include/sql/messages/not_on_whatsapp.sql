-- The partners of what a DAG run found stuck whose last message, about whichever of their runs, was refused by Meta with a code
-- instead of arriving; by when it left. What is unknown or failed for another reason tells nothing of the recipient, and neither
-- does what Meta took today and may still report: else each day's message would outdo the refusal of the one before.
SELECT partner_id
FROM (
    SELECT DISTINCT ON (m.partner_id) m.partner_id, m.status = 'failed' AS refused
    FROM message_log AS m
    WHERE m.partner_id IN (SELECT partner_id FROM stuck_run WHERE dag_run_id = %(dag_run_id)s)
        AND m.delivery = %(delivery)s
        AND m.day <= %(day)s
        AND (
            m.status IN ('delivered', 'read')
            OR (m.status = 'sent' AND m.day < %(day)s)
            OR (m.status = 'failed' AND m.error_code = %(code)s)
        )
    ORDER BY m.partner_id, coalesce(m.claimed_at, m.created_at) DESC, m.id
) AS last
WHERE refused
