-- Let a tick's queued messages wait, each for its moment; they belong to the day on which they come due.
UPDATE message_log AS m
SET not_before = h.not_before, day = h.day, updated_at = now()
FROM json_to_recordset(%(holds)s) AS h (id uuid, not_before timestamptz, day date)
WHERE m.id = h.id AND m.tick_id = %(tick_id)s AND m.status = 'queued'
RETURNING m.id
