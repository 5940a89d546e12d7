-- Withdraw a tick's queued events that another message has told of within the hour, or is to tell of together with them (the event
-- that was decided last is told): one that waited longer than was planned meets repeats that its own hour did not.
UPDATE message_log AS m
SET status = 'skipped', skip_reason = 'duplicate', duplicate_of = repeat.of_id, updated_at = now()
FROM (
    SELECT DISTINCT ON (late.id) late.id, other.id AS of_id
    FROM message_log AS late
        JOIN message_log AS other
            ON other.delivery = late.delivery
                AND other.redirected = late.redirected
                AND other.context_type = late.context_type
                AND other.context_id = late.context_id
                AND other.id <> late.id
    WHERE late.id = ANY (%(ids)s)
        AND late.message_kind = 'event'
        AND other.message_kind = 'event'
        AND other.holds_slot
        AND (
            -- (An hour that begins later is that of one claimed while this one was being planned.)
            (other.status <> 'queued' AND other.event_hour && tstzrange(%(now)s, NULL))
            OR (other.status = 'queued' AND other.tick_id = late.tick_id AND other.event_hour >> late.event_hour)
        )
    ORDER BY late.id, other.created_at DESC, other.id
) AS repeat
WHERE m.id = repeat.id AND m.tick_id = %(tick_id)s AND m.status = 'queued'
RETURNING m.id
