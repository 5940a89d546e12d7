-- name: lock_rows
-- The messages that some statuses are about, by our id or by Meta's, as they stand, locked for this transaction; what another process is
-- writing at the moment is named and not locked, so that nobody who has locked some waits for others.
WITH known AS (
    SELECT id, meta_message_id
    FROM message_log
    WHERE id = ANY (ARRAY (SELECT json_array_elements_text(%(said_ids)s)::uuid))
    UNION
    SELECT id, meta_message_id
    FROM message_log
    WHERE meta_message_id = ANY (ARRAY (SELECT json_array_elements_text(%(said_wamids)s)))
),
locked AS (
    SELECT m.*
    FROM message_log AS m
    WHERE m.id = ANY (ARRAY (SELECT id FROM known))
    ORDER BY m.id
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT
    known.id, known.meta_message_id AS known_as, locked.id IS NOT NULL AS is_locked, locked.status, locked.sender, locked.meta_message_id,
    locked.recipient_user_id, locked.blanked, locked.sent_at, locked.sent_at_is_metas, locked.delivered_at, locked.read_at, locked.failed_at, locked.expired_at_meta,
    locked.error_code, locked.error_detail, locked.sent_at_meta, locked.delivered_at_meta, locked.read_at_meta, locked.failed_at_meta,
    locked.pricing_at, locked.pricing_category, locked.pricing_billable, locked.pricing_type, locked.pricing_model
FROM known LEFT JOIN locked ON locked.id = known.id

-- name: slots_taken
-- Which of these messages have lost their slot to another one since they failed. (One after the other, each by the indexes that guard
-- the slots.)
{%- set same %}
    other.delivery = m.delivery AND other.redirected = m.redirected AND other.holds_slot
{%- endset %}
SELECT m.id
FROM unnest(%(ids)s::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (SELECT * FROM message_log AS one WHERE one.id = asked.id AND NOT one.holds_slot LIMIT 1) AS m
    CROSS JOIN LATERAL (
        (
            SELECT FROM message_log AS other
            WHERE {{ same }}
                AND other.context_type = m.context_type
                AND other.context_id = m.context_id
                AND other.message_kind <> 'event'
                AND m.message_kind <> 'event'
            LIMIT 1
        )
        UNION ALL
        (
            SELECT FROM message_log AS other
            WHERE {{ same }}
                AND other.context_type = m.context_type
                AND other.context_id = m.context_id
                AND other.message_kind = 'event'
                AND m.message_kind = 'event'
                AND other.event_hour && m.event_hour
            LIMIT 1
        )
        UNION ALL
        (SELECT FROM message_log AS other WHERE {{ same }} AND other.event_id = m.event_id LIMIT 1)
        UNION ALL
        (
            SELECT FROM message_run AS r
                CROSS JOIN LATERAL (
                    SELECT FROM message_run AS other
                    WHERE {{ same }}
                        AND other.production_run_id = r.production_run_id
                        AND other.day = r.day
                        AND other.message_kind IN ('reminder', 'digest')
                    LIMIT 1
                ) AS of_run
            WHERE r.message_id = m.id AND r.message_kind IN ('reminder', 'digest')
            LIMIT 1
        )
        LIMIT 1
    ) AS taken

-- name: write_rows
-- Write down how messages stand by Meta's word; each was read and locked by this transaction.
UPDATE message_log AS m
SET
    status = s.status, meta_message_id = s.meta_message_id, recipient_user_id = s.recipient_user_id, sent_at = s.sent_at, sent_at_is_metas = s.sent_at_is_metas,
    delivered_at = s.delivered_at, read_at = s.read_at, failed_at = s.failed_at, expired_at_meta = s.expired_at_meta,
    error_code = s.error_code, error_detail = s.error_detail, sent_at_meta = s.sent_at_meta,
    delivered_at_meta = s.delivered_at_meta, read_at_meta = s.read_at_meta, failed_at_meta = s.failed_at_meta,
    pricing_at = s.pricing_at, pricing_category = s.pricing_category, pricing_billable = s.pricing_billable,
    pricing_type = s.pricing_type, pricing_model = s.pricing_model, updated_at = now()
FROM json_to_recordset(%(rows)s) AS s (
    id uuid, status text, meta_message_id text, recipient_user_id text, sent_at timestamptz, sent_at_is_metas boolean, delivered_at timestamptz,
    read_at timestamptz, failed_at timestamptz, expired_at_meta timestamptz, error_code integer, error_detail text,
    sent_at_meta timestamptz, delivered_at_meta timestamptz, read_at_meta timestamptz, failed_at_meta timestamptz,
    pricing_at timestamptz, pricing_category text, pricing_billable boolean, pricing_type text, pricing_model text
)
WHERE m.id = s.id

-- name: expire
-- Give up messages that Meta took and did not deliver within their template's time: those of which Meta itself has said that they were
-- sent, and only where the same sender's webhook has spoken of a message that was sent after that time, and long enough ago that what
-- Meta repeats after a pause has come too. Whatever else is silent stays counted, and so does what was sent in a silence, or on a day
-- of so many messages that they tell something, most of which seem not to have arrived either: then it was the webhook, not their phones.
-- (That it is not delivered is asked again where that is written: a webhook that this has waited for may have said so meanwhile.)
WITH late AS (
    SELECT m.id, m.sender, m.delivery, m.day, m.sent_at_meta + make_interval(secs => t.seconds) AS at
    FROM message_log AS m JOIN json_to_recordset(%(lives)s) AS t (template_name text, seconds integer) USING (template_name)
    WHERE m.status = 'sent'
        AND m.expired_at_meta IS NULL
        AND m.delivery IN ('live', 'redirect')
        AND m.sent_at_meta BETWEEN %(now)s - interval '30 days' AND %(now)s - make_interval(secs => t.seconds)
        AND EXISTS (
            SELECT FROM message_log AS later
            WHERE later.sender = m.sender
                AND later.sent_at > m.sent_at_meta + make_interval(secs => t.seconds)
                AND later.sent_at < %(now)s - %(grace)s
                AND coalesce(later.sent_at_meta, later.delivered_at_meta, later.read_at_meta, later.failed_at_meta) IS NOT NULL
        )
        AND NOT {% include "was_silent" %}
),
of_day AS (
    SELECT o.sender, o.delivery, o.day, count(*) AS spoken_of,
        count(*) FILTER (WHERE o.delivered_at IS NOT NULL OR o.status = 'failed') AS known
    FROM (SELECT DISTINCT sender, delivery, day FROM late) AS asked JOIN message_log AS o USING (sender, delivery, day)
    WHERE o.status IN ('sent', 'delivered', 'read', 'failed') AND o.sent_at_meta IS NOT NULL
    GROUP BY o.sender, o.delivery, o.day
)
UPDATE message_log AS m
SET expired_at_meta = late.at, updated_at = now()
FROM late JOIN of_day USING (sender, delivery, day)
WHERE m.id = late.id AND m.status = 'sent' AND (of_day.spoken_of < %(many)s OR 2 * of_day.known >= of_day.spoken_of - 1)
RETURNING m.id

-- name: on_their_way
-- The live messages of the last week of which Meta may have more to say: first what is not known to have arrived. At each moment in another
-- order, so that each has its turn where a run cannot look up all.
SELECT id, sender, meta_message_id, status
FROM message_log
WHERE delivery = 'live'
    AND sent_at > %(now)s - interval '7 days'
    AND status IN ('sent', 'delivered')
    AND meta_message_id IS NOT NULL
ORDER BY status = 'delivered', md5(id::text || %(now)s::timestamptz)
LIMIT %(at_most)s

-- part: counts_as_reminded
-- Whether a message counts as one that reached its partner, or may have, or would have in a rehearsal: not what Meta refused, or gave
-- up delivering.
(
    (m.status IN ({% include "taken_by_meta" %}, 'unknown', 'rehearsed') AND m.expired_at_meta IS NULL)
    OR (m.status = 'failed' AND m.delivered_at IS NOT NULL)
)
