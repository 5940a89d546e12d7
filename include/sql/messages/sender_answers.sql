-- What Meta has said so far of a tick's messages from one sender: refusals that concern one recipient are left out.
WITH answered AS (
    SELECT
        m.status IN ('failed', 'unknown') AS failed, m.error_code, m.error_detail,
        row_number() OVER (ORDER BY coalesce(m.failed_at, m.sent_at, m.updated_at), m.id) AS number
    FROM message_log AS m
    WHERE m.dag_id = %(dag_id)s
        AND m.dag_run_id = %(dag_run_id)s
        AND m.tick_id = %(tick_id)s
        AND m.sender = %(sender)s
        AND m.attempts > 0
        AND m.status IN ('sent', 'delivered', 'read', 'failed', 'unknown')
        AND NOT (m.status = 'failed' AND coalesce(m.error_code = ANY (%(recipient_codes)s), false))
)
SELECT
    count(*) FILTER (
        WHERE failed AND number > coalesce((SELECT max(number) FROM answered WHERE NOT failed), 0)
    ) AS failed_in_a_row,
    count(*) FILTER (WHERE failed AND number <= %(first)s) AS failed_of_the_first,
    (array_agg(error_code ORDER BY number DESC) FILTER (WHERE failed))[1] AS error_code,
    (array_agg(error_detail ORDER BY number DESC) FILTER (WHERE failed))[1] AS error_detail
FROM answered
