-- Let a tick's queued messages wait, each for its moment; they belong to the day on which they come due. (Each is looked up by its
-- id first: PostgreSQL takes a tick's queue for empty, and would go through all of it for each.)
UPDATE message_log AS m
SET not_before = h.not_before, day = h.day, updated_at = now()
FROM json_to_recordset(%(holds)s) AS h (id uuid, not_before timestamptz, day date)
    CROSS JOIN LATERAL (
        SELECT q.id FROM message_log AS q WHERE q.id = h.id AND q.tick_id = %(tick_id)s AND q.status = 'queued' FOR NO KEY UPDATE
    ) AS queued
WHERE m.id = queued.id
RETURNING m.id
