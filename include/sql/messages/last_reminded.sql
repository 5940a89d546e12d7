-- When each of these runs was last reminded before a day: what Meta took, or what was rehearsed in this delivery's own history. (One
-- run after the other, as in days_reminded.sql.)
SELECT run.id AS production_run_id, reminded.day
FROM unnest(%(production_run_ids)s::text[]) AS run (id)
    CROSS JOIN LATERAL (
        SELECT max(m.day) AS day
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.delivery = %(delivery)s
            AND r.redirected = %(redirected)s
            AND r.production_run_id = run.id
            AND r.day < %(day)s
            AND r.message_kind IN ('reminder', 'digest')
            AND m.status IN ('sent', 'delivered', 'read', 'unknown', 'rehearsed')
    ) AS reminded
WHERE reminded.day IS NOT NULL
