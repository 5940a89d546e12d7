-- The runs that a DAG run found stuck whose partner's last message, about whichever of their runs, was refused by Meta with a code
-- instead of arriving; by when it left. What is unknown or failed for another reason tells nothing of the recipient, and neither
-- does what Meta took today and may still report: else each day's message would outdo the refusal of the one before. But to a
-- number other than the refused one it tells that the number was changed; and of a run of which Meta has refused no message yet,
-- its answer is awaited.
--
-- A partner's past is read from its end, and only as far as is asked: a message leaves on its own day, so the days come in the
-- order of the moments.
WITH found AS MATERIALIZED (
    SELECT DISTINCT production_run_id, partner_id FROM stuck_run WHERE dag_run_id = %(dag_run_id)s
),
refused AS MATERIALIZED (
    SELECT last.*
    FROM (SELECT DISTINCT partner_id FROM found) AS of_run
        CROSS JOIN LATERAL (
            SELECT m.partner_id, m.status, m.to_phone, m.day, coalesce(m.claimed_at, m.created_at) AS left_at
            FROM message_log AS m
            WHERE m.partner_id = of_run.partner_id
                AND m.delivery = %(delivery)s
                AND m.day <= %(day)s
                AND (
                    m.status IN ('delivered', 'read')
                    OR (m.status = 'sent' AND m.day < %(day)s)
                    OR (m.status = 'failed' AND m.error_code = %(code)s)
                )
            ORDER BY m.day DESC, left_at DESC, m.id
            LIMIT 1
        ) AS last
    WHERE last.status = 'failed'
),
-- What Meta took today after the refusal. (Of one so old that its number was blanked nobody knows that it is the same.)
again AS MATERIALIZED (
    SELECT taken.partner_id, bool_or(taken.to_phone IS DISTINCT FROM refused.to_phone) AS elsewhere
    FROM refused JOIN message_log AS taken ON taken.partner_id = refused.partner_id
    WHERE taken.delivery = %(delivery)s
        AND taken.day = %(day)s
        AND taken.status = 'sent'
        AND coalesce(taken.claimed_at, taken.created_at) > refused.left_at
    GROUP BY taken.partner_id
),
-- Of which runs Meta has refused a message to who is awaited again, since one arrived last.
refused_run AS MATERIALIZED (
    SELECT DISTINCT again.partner_id, coalesce(r.production_run_id, m.production_run_id) AS production_run_id
    FROM again
        LEFT JOIN LATERAL (
            SELECT m.day, coalesce(m.claimed_at, m.created_at) AS left_at
            FROM message_log AS m
            WHERE m.partner_id = again.partner_id
                AND m.delivery = %(delivery)s
                AND m.day <= %(day)s
                AND (m.status IN ('delivered', 'read') OR (m.status = 'sent' AND m.day < %(day)s))
            ORDER BY m.day DESC, left_at DESC
            LIMIT 1
        ) AS arrived ON true
        JOIN message_log AS m
            ON m.partner_id = again.partner_id
                AND m.delivery = %(delivery)s
                AND m.day BETWEEN coalesce(arrived.day, '-infinity') AND %(day)s
                AND m.status = 'failed'
                AND m.error_code = %(code)s
                AND coalesce(m.claimed_at, m.created_at) >= coalesce(arrived.left_at, '-infinity')
        LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE NOT again.elsewhere
)
SELECT f.production_run_id, f.partner_id,
    again.partner_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM refused_run AS r WHERE r.partner_id = f.partner_id AND r.production_run_id = f.production_run_id
    ) AS awaited
FROM found AS f
    JOIN refused ON refused.partner_id = f.partner_id
    LEFT JOIN again ON again.partner_id = f.partner_id
WHERE NOT coalesce(again.elsewhere, false)
