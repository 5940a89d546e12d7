-- The runs that a DAG run found stuck whose partner's last message, about whichever of their runs, was refused by Meta with a code
-- instead of arriving; by when it left. What is unknown or failed for another reason tells nothing of the recipient, and neither
-- does what Meta took today and may still report: else each day's message would outdo the refusal of the one before. But to a
-- number other than the refused one it tells that the number was changed; and of a run of which Meta has refused no message yet,
-- its answer is awaited.
WITH found AS (
    SELECT DISTINCT production_run_id, partner_id FROM stuck_run WHERE dag_run_id = %(dag_run_id)s
),
told AS (
    SELECT m.id, m.partner_id, m.production_run_id, m.to_phone, coalesce(m.claimed_at, m.created_at) AS left_at,
        CASE
            WHEN m.status = 'failed' THEN 'refused'
            WHEN m.status = 'sent' AND m.day = %(day)s THEN 'taken'
            ELSE 'arrived'
        END AS answer
    FROM message_log AS m
    WHERE m.partner_id IN (SELECT partner_id FROM found)
        AND m.delivery = %(delivery)s
        AND m.day <= %(day)s
        AND (m.status IN ('sent', 'delivered', 'read') OR (m.status = 'failed' AND m.error_code = %(code)s))
),
last AS (
    SELECT DISTINCT ON (partner_id) partner_id, answer, to_phone, left_at
    FROM told
    WHERE answer <> 'taken'
    ORDER BY partner_id, left_at DESC, id
),
again AS (
    SELECT taken.partner_id, bool_or(taken.to_phone <> last.to_phone) AS elsewhere
    FROM told AS taken JOIN last ON last.partner_id = taken.partner_id
    WHERE taken.answer = 'taken' AND taken.left_at > last.left_at
    GROUP BY taken.partner_id
)
SELECT f.production_run_id, f.partner_id,
    again.partner_id IS NOT NULL AND NOT EXISTS (
        SELECT
        FROM told AS refused LEFT JOIN message_run AS r ON r.message_id = refused.id
        WHERE refused.partner_id = f.partner_id
            AND refused.answer = 'refused'
            AND coalesce(r.production_run_id, refused.production_run_id) = f.production_run_id
            AND NOT EXISTS (
                SELECT FROM told AS since
                WHERE since.partner_id = f.partner_id AND since.answer = 'arrived' AND since.left_at > refused.left_at
            )
    ) AS awaited
FROM found AS f
    JOIN last ON last.partner_id = f.partner_id
    LEFT JOIN again ON again.partner_id = f.partner_id
WHERE last.answer = 'refused' AND NOT coalesce(again.elsewhere, false)
