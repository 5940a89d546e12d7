-- Withdraw the repeats of a tick's events that were decided later and are queued elsewhere: the events are about to be told.
UPDATE message_log AS m
SET status = 'skipped', skip_reason = 'duplicate', duplicate_of = told.id, updated_at = now()
FROM message_log AS told
WHERE told.id = ANY (%(ids)s)
    AND told.message_kind = 'event'
    AND told.tick_id = %(tick_id)s
    AND told.status = 'queued'
    AND m.delivery = told.delivery
    AND m.redirected = told.redirected
    AND m.context_type = told.context_type
    AND m.context_id = told.context_id
    AND m.message_kind = 'event'
    AND m.holds_slot
    AND m.status = 'queued'
    AND m.tick_id <> told.tick_id
    AND m.event_hour >> told.event_hour
