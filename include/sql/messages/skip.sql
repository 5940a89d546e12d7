-- Withdraw a tick's queued messages, each for its reason. (Each is looked up by its id first, as in hold.sql.)
UPDATE message_log AS m
SET status = 'skipped', skip_reason = s.reason, updated_at = now()
FROM json_to_recordset(%(skips)s) AS s (id uuid, reason text)
    CROSS JOIN LATERAL (
        SELECT q.id FROM message_log AS q WHERE q.id = s.id AND q.tick_id = %(tick_id)s AND q.status = 'queued' FOR NO KEY UPDATE
    ) AS queued
WHERE m.id = queued.id
RETURNING m.id
