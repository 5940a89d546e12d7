-- name: last_reminded
-- When each of these runs was last reminded before a day: what Meta took, or what was rehearsed in this delivery's own history. (One
-- run after the other, as in `days_reminded`.)
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
            AND {% include "counts_as_reminded" %}
    ) AS reminded
WHERE reminded.day IS NOT NULL

-- name: days_reminded
-- On which days before this one the partners of the runs that a DAG run found stuck were reminded of them in the kind that it
-- found them in, since they were last found in another or with another partner: what Meta took, or what was rehearsed, in this
-- delivery's own history. Of the day on which its clock began, what a tick before that moment reminded of was an earlier stall.
-- Whoever had a run before was reminded in vain; whoever has it now, or has it back, starts again.
--
-- (One run after the other, each by its own history and its messages' ids: PostgreSQL cannot know how few rows that is, and would
-- else read the whole past, or all that the partner was ever sent. Only the run is a condition of `other`: on a first day, of which it
-- has no statistics, PostgreSQL would else look for the day's, which all are.)
SELECT found.production_run_id, reminded.days
FROM stuck_run AS found
    CROSS JOIN LATERAL (
        SELECT max(other.day) FILTER (
            WHERE other.delivery = %(delivery)s
                AND other.day < %(day)s
                AND (other.kind <> found.kind OR other.partner_id IS DISTINCT FROM found.partner_id)
        ) AS day
        FROM stuck_run AS other
        WHERE other.production_run_id = found.production_run_id
    ) AS elsewhere
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT r.day ORDER BY r.day) AS days
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.production_run_id = found.production_run_id
            AND r.delivery = %(delivery)s
            AND r.redirected = %(redirected)s
            AND r.day < %(day)s
            AND (elsewhere.day IS NULL OR r.day >= elsewhere.day)
            AND m.partner_id IS NOT DISTINCT FROM found.partner_id
            AND (
                r.day <> (found.since AT TIME ZONE %(timezone)s)::date
                OR EXISTS (SELECT FROM tick AS t WHERE t.id = m.tick_id AND t.now > found.since)
            )
            AND r.message_kind IN ('reminder', 'digest')
            AND {% include "counts_as_reminded" %}
            AND (
                m.reminder_kind = found.kind
                -- A digest has no kind of its own; what it said of a run is what was found that day. By whom is all one: a backfill
                -- that does a live run of the DAG again, as a rehearsal, writes down anew what that run had found.
                OR (m.reminder_kind IS NULL AND EXISTS (
                    SELECT FROM stuck_run AS then_found
                    WHERE then_found.production_run_id = found.production_run_id
                        AND then_found.day = r.day
                        AND then_found.kind = found.kind
                ))
            )
    ) AS reminded
WHERE found.dag_run_id = %(dag_run_id)s AND reminded.days IS NOT NULL

-- name: recent_sizes
-- How many messages the largest tick of each of the last ten days of this delivery planned, this one not counted. Runs that were
-- started by hand on the same day, for one partner or for what a stopped one had left, say nothing of what a tick usually sends.
SELECT max(planned) AS planned
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND planned IS NOT NULL AND dag_run_id <> %(dag_run_id)s
GROUP BY day
ORDER BY day DESC
LIMIT 10

-- name: spoken_of
-- Of which runs these messages speak.
SELECT message_id, array_agg(production_run_id ORDER BY production_run_id) AS production_run_ids
FROM message_run
WHERE message_id = ANY (%(ids)s)
GROUP BY message_id

-- name: standing_digests
-- The digests that hold their contexts on a day, each with the runs whose slots it holds.
SELECT m.id, m.context_id, m.partner_id, m.status, array_agg(r.production_run_id) AS production_run_ids
FROM message_log AS m JOIN message_run AS r ON r.message_id = m.id AND r.holds_slot
WHERE m.delivery = %(delivery)s AND m.redirected = %(redirected)s AND m.day = %(day)s AND m.message_kind = 'digest'
GROUP BY m.id

-- name: slot_holders
-- Which message holds each of these runs' slot of a day.
SELECT
    r.production_run_id, m.id, m.status, m.tick_id, m.event_name IS NOT NULL AS asked_by_event,
    {% include "waits" %} AS waits
FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
WHERE r.delivery = %(delivery)s
    AND r.redirected = %(redirected)s
    AND r.day = %(day)s
    AND r.production_run_id = ANY (%(production_run_ids)s)
    AND r.holds_slot
    AND r.message_kind IN ('reminder', 'digest')

-- name: refused_phones
-- The numbers that Meta refused on a day for the recipient's own sake.
SELECT DISTINCT to_phone
FROM message_log
WHERE delivery = %(delivery)s AND day = %(day)s AND status = 'failed' AND delivered_at IS NULL AND error_code = ANY (%(codes)s)

-- name: not_on_whatsapp
-- The runs that a DAG run found stuck whose partner's last message, about whichever of their runs, was refused by Meta with a code
-- instead of arriving; by when it left. What is unknown or failed for another reason tells nothing of the recipient, and neither
-- does what Meta took today and may still report: else each day's message would outdo the refusal of the one before. But to a
-- number other than the refused one it tells that the number was changed; and of a run of which Meta has refused no message yet,
-- its answer is awaited.
--
-- A partner's past is read from its end, and only as far as is asked: a message leaves on its own day, so the days come in the
-- order of the moments.
WITH found AS MATERIALIZED (
    SELECT DISTINCT production_run_id, partner_id FROM stuck_run WHERE dag_run_id = %(dag_run_id)s
),
refused AS MATERIALIZED (
    SELECT last.*
    FROM (SELECT DISTINCT partner_id FROM found) AS of_run
        CROSS JOIN LATERAL (
            SELECT m.partner_id, m.status = 'failed' AND m.delivered_at IS NULL AS refused, m.to_phone, m.day,
                coalesce(m.claimed_at, m.created_at) AS left_at
            FROM message_log AS m
            WHERE m.partner_id = of_run.partner_id
                AND m.delivery = %(delivery)s
                AND m.day <= %(day)s
                AND ({% include "arrived" %} OR (m.status = 'failed' AND m.error_code = %(code)s))
            ORDER BY m.day DESC, left_at DESC, m.id
            LIMIT 1
        ) AS last
    WHERE last.refused
),
-- What Meta took today after the refusal. (Of one so old that its number was blanked nobody knows that it is the same.)
again AS MATERIALIZED (
    SELECT taken.partner_id, bool_or(dialled(taken.to_phone) IS DISTINCT FROM dialled(refused.to_phone)) AS elsewhere
    FROM refused JOIN message_log AS taken ON taken.partner_id = refused.partner_id
    WHERE taken.delivery = %(delivery)s
        AND taken.day = %(day)s
        AND taken.status = 'sent'
        AND coalesce(taken.claimed_at, taken.created_at) > refused.left_at
    GROUP BY taken.partner_id
),
-- Of which runs Meta has refused a message to who is awaited again, since one arrived last.
refused_run AS MATERIALIZED (
    SELECT DISTINCT again.partner_id, coalesce(r.production_run_id, m.production_run_id) AS production_run_id
    FROM again
        LEFT JOIN LATERAL (
            SELECT m.day, coalesce(m.claimed_at, m.created_at) AS left_at
            FROM message_log AS m
            WHERE m.partner_id = again.partner_id
                AND m.delivery = %(delivery)s
                AND m.day <= %(day)s
                AND {% include "arrived" %}
            ORDER BY m.day DESC, left_at DESC
            LIMIT 1
        ) AS arrived ON true
        JOIN message_log AS m
            ON m.partner_id = again.partner_id
                AND m.delivery = %(delivery)s
                AND m.day BETWEEN coalesce(arrived.day, '-infinity') AND %(day)s
                AND m.status = 'failed'
                AND m.delivered_at IS NULL
                AND m.error_code = %(code)s
                AND coalesce(m.claimed_at, m.created_at) >= coalesce(arrived.left_at, '-infinity')
        LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE NOT again.elsewhere
)
SELECT f.production_run_id, f.partner_id,
    again.partner_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM refused_run AS r WHERE r.partner_id = f.partner_id AND r.production_run_id = f.production_run_id
    ) AS awaited
FROM found AS f
    JOIN refused ON refused.partner_id = f.partner_id
    LEFT JOIN again ON again.partner_id = f.partner_id
WHERE NOT coalesce(again.elsewhere, false)

-- name: asked_by_events
-- The runs of which an event asked for a reminder on a day, whatever became of it.
SELECT DISTINCT production_run_id
FROM message_log
WHERE delivery = %(delivery)s
    AND redirected = %(redirected)s
    AND day = %(day)s
    AND message_kind = 'reminder'
    AND event_name IS NOT NULL

-- name: event_holders
-- The messages that these events have had already, and by context those about the same run, event and partner of the last hour and
-- those that were decided since this DAG run was due: it may be cleared much later, and message_log_upkeep may have told its events.
-- Last comes what the DAG run has queued itself and may take up again.
SELECT id, status, dag_run_id, event_id, context_id, holds_context
FROM (
    SELECT
        id, status, dag_run_id, event_id, context_id,
        message_kind = 'event'
            AND context_type = 'production_run'
            AND context_id = ANY (%(context_ids)s)
            AND (
                event_hour && tstzrange(%(at)s, %(at)s + interval '60 minutes')
                OR lower(event_hour) >= %(due)s::timestamptz
            ) AS holds_context
    FROM message_log
    WHERE delivery = %(delivery)s
        AND redirected = %(redirected)s
        AND holds_slot
        AND (
            event_id = ANY (%(event_ids)s)
            OR (message_kind = 'event' AND context_type = 'production_run' AND context_id = ANY (%(context_ids)s))
        )
) AS known
WHERE holds_context OR event_id = ANY (%(event_ids)s)
ORDER BY status = 'queued' AND dag_run_id = %(dag_run_id)s

-- name: to_follow_up
-- What may be followed by a free-form message: the reminders and the assignments of a DAG run's day that Meta took (in a dry run: that
-- were rehearsed), and that none follows yet, whatever became of it, nor was found to follow none; one that an earlier pass has queued is taken over. Where it looks
-- after the whole log, those that other runs have left count too. At most so many, beginning after one of them.
SELECT
    m.id, m.delivery, m.context_id, m.message_kind, m.event_name, m.production_run_id, m.partner_id, m.design_id, m.sender,
    m.to_phone, m.language, m.template_name, m.variables
FROM message_log AS m
WHERE m.delivery = %(delivery)s
    AND m.day = %(day)s
    AND (
        (m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s)
        OR (%(of_all)s AND {% include "left_behind" %})
    )
    AND m.status IN ({% include "taken_by_meta" %}, 'rehearsed')
    AND (m.message_kind = 'reminder' OR (m.message_kind = 'event' AND m.event_name = 'production_run.sent_to_partner'))
    AND m.production_run_id IS NOT NULL
    AND m.not_followed IS NULL
    AND NOT EXISTS (
        SELECT FROM message_log AS f
        WHERE f.parent_id = m.id AND (f.status <> 'queued' OR f.tick_id = %(tick_id)s)
    )
    AND (m.context_id, m.id) > (%(after_context)s, %(after_message)s)
ORDER BY m.context_id, m.id
LIMIT %(at_most)s

-- name: note_not_followed
-- Note why nothing follows messages; what an earlier pass has queued to follow them is withdrawn.
WITH noted AS (
    UPDATE message_log SET not_followed = %(reason)s WHERE id = ANY (%(ids)s)
)
UPDATE message_log
SET status = 'skipped', skip_reason = %(reason)s, updated_at = now()
WHERE parent_id = ANY (%(ids)s) AND status = 'queued'

-- name: messages_to_mirror
-- The live messages of a DAG run that Meta took, for the shop's own inbox; and (where it looks after the whole log) those of the last day
-- that other runs have left, once they had time to end.
SELECT
    id, meta_message_id AS wamid, partner_id, production_run_id, to_phone, context_type, context_id, language, template_name,
    coalesce(body_text, '') AS body_text, image_url, coalesce(sent_at, updated_at) AS sent_at
FROM message_log AS m
WHERE delivery = 'live'
    AND status IN ({% include "taken_by_meta" %})
    AND meta_message_id IS NOT NULL
    AND (
        (dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s)
        OR (%(of_all)s AND mirrored_at IS NULL AND {% include "left_behind" %})
    )
ORDER BY sent_at, id

-- name: note_mirrored
-- These messages are in the shop's inbox.
UPDATE message_log SET mirrored_at = now() WHERE id = ANY (%(ids)s) AND mirrored_at IS NULL

-- part: left_behind
-- Whether a message was sent within the last day and long enough ago that its own run has ended, or has broken off. (An
-- index can answer this: the moment is the same for the whole statement.)
(m.sent_at BETWEEN statement_timestamp() - interval '1 day' AND statement_timestamp() - interval '30 minutes')

-- part: arrived
-- Whether a message has arrived, or has not been heard to fail since an earlier day.
(
    m.status IN ('delivered', 'read')
    OR (m.status = 'failed' AND m.delivered_at IS NOT NULL)
    OR (m.status = 'sent' AND m.day < %(day)s AND m.expired_at_meta IS NULL)
)
