-- The digests that hold their contexts on a day, each with the runs whose slots it holds.
SELECT m.id, m.context_id, m.partner_id, m.status, array_agg(r.production_run_id) AS production_run_ids
FROM message_log AS m JOIN message_run AS r ON r.message_id = m.id AND r.holds_slot
WHERE m.delivery = %(delivery)s AND m.redirected = %(redirected)s AND m.day = %(day)s AND m.message_kind = 'digest'
GROUP BY m.id
