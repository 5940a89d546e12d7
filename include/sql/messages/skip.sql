-- Withdraw a tick's queued messages, each for its reason.
UPDATE message_log AS m
SET status = 'skipped', skip_reason = s.reason, updated_at = now()
FROM json_to_recordset(%(skips)s) AS s (id uuid, reason text)
WHERE m.id = s.id AND m.tick_id = %(tick_id)s AND m.status = 'queued'
RETURNING m.id
