-- When each of these runs was last reminded before a day: what Meta took, or what was rehearsed in this delivery's own history.
SELECT r.production_run_id, max(m.day) AS day
FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
WHERE r.delivery = %(delivery)s
    AND r.production_run_id = ANY (%(production_run_ids)s)
    AND r.day < %(day)s
    AND r.message_kind IN ('reminder', 'digest')
    AND m.status IN ('sent', 'delivered', 'read', 'unknown', 'rehearsed')
GROUP BY r.production_run_id
