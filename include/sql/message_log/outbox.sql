-- name: claim
-- Claim queued messages for sending, but for those that another process is claiming. From here on only the token's owner settles them.
-- An event's hour lasts until an hour after it leaves, also where that is later than was planned; where a repeat of it was told
-- meanwhile, it begins when that one's is over.
-- (NO KEY: a duplicate that is being written holds the key of the message it names, which must not hide it from its claimer.)
-- What its recipient has stopped since it was looked at last is withdrawn in the same statement: a STOP that was written down is in
-- force from the next claim on. A test phone's counts whatever is redirected to it: its owner is a person, too. What only sounds like
-- STOP is decided of partners alone, and so is the setting about theirs. A reply is withdrawn by a STOP of theirs that they wrote after
-- what it replies to, but not the one that confirms it.
WITH stopped AS (
    UPDATE message_log AS m
    SET status = 'skipped', skip_reason = CASE WHEN {% include "says_stop" %} THEN 'opted_out' ELSE 'answered' END, updated_at = now()
    WHERE m.id = ANY (%(ids)s)
        AND m.status = 'queued'
        AND m.delivery IN ('live', 'redirect')
        AND %(heeds_stop)s
        AND (m.message_kind <> 'reply' OR {% include "was_stopped_after" %})
        AND (
            ({% include "says_stop" %} AND NOT (m.delivery = 'live' AND m.message_kind = 'event' AND %(lifecycle_after_opt_out)s))
            OR (m.delivery = 'live' AND m.message_kind NOT IN ('event', 'reply') AND {% include "may_say_stop" %})
        )
    RETURNING m.id
)
UPDATE message_log
SET
    status = 'sending', still_here = true, claim_token = %(token)s, claimed_at = clock_timestamp(), attempts = attempts + 1,
    not_before = NULL, error_code = NULL, error_detail = NULL, updated_at = now(),
    event_hour = CASE
        WHEN message_kind = 'event' THEN (
            SELECT CASE WHEN starts < ends THEN tstzrange(starts, ends) ELSE message_log.event_hour END
            FROM (
                SELECT
                    greatest(lower(message_log.event_hour), max(upper(other.event_hour))) AS starts,
                    greatest(upper(message_log.event_hour), %(now)s + interval '60 minutes') AS ends
                FROM message_log AS other
                WHERE other.delivery = message_log.delivery
                    AND other.redirected = message_log.redirected
                    AND other.context_type = message_log.context_type
                    AND other.context_id = message_log.context_id
                    AND other.message_kind = 'event'
                    AND other.holds_slot
                    AND other.id <> message_log.id
                    AND other.event_hour >> message_log.event_hour
            ) AS hour
        )
        ELSE event_hour
    END
WHERE id IN (
    SELECT id
    FROM message_log
    WHERE id = ANY (%(ids)s)
        AND status = 'queued'
        AND (not_before IS NULL OR not_before <= %(now)s)
        AND NOT {% include "is_kept_back" %}
        AND id NOT IN (SELECT s.id FROM stopped AS s)
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING
    id, attempts, delivery, message_kind, to_phone, partner_id, production_run_id, language, template_name, variables, image_url

-- name: let_go
-- Write down, before the requests of claimed messages leave, that they may have left. Only the returned ones may leave: the rest is
-- no longer this process's.
UPDATE message_log
SET still_here = false, updated_at = now()
WHERE id = ANY (%(ids)s) AND claim_token = %(token)s AND status = 'sending' AND still_here
RETURNING id

-- name: settle
-- Write down what became of claimed messages. An answer that comes after a webhook only fills what is missing, and one that comes
-- after the lease ran out is still news from Meta, except that nothing unknown ever goes back into the queue.
UPDATE message_log AS m
SET
    status = CASE
        WHEN m.status = 'sending' THEN a.status
        WHEN m.status = 'unknown' AND a.status = 'sent' THEN 'sent'
        WHEN m.status = 'unknown' AND a.status IN ('failed', 'queued') THEN 'failed'
        ELSE m.status
    END,
    meta_message_id = coalesce(m.meta_message_id, a.meta_message_id),
    message_status = coalesce(m.message_status, a.message_status),
    sent_at = CASE
        WHEN a.status = 'sent' AND (m.sent_at IS NULL OR m.sent_at_is_metas) THEN clock_timestamp()
        ELSE m.sent_at
    END,
    sent_at_is_metas = m.sent_at_is_metas AND a.status <> 'sent',
    failed_at = CASE
        WHEN m.failed_at IS NULL AND (
            (m.status = 'sending' AND a.status = 'failed') OR (m.status = 'unknown' AND a.status IN ('failed', 'queued'))
        ) THEN clock_timestamp()
        ELSE m.failed_at
    END,
    error_code = CASE WHEN m.status IN ('sending', 'unknown') THEN a.error_code ELSE m.error_code END,
    error_detail = CASE
        WHEN m.status = 'unknown' AND a.status = 'queued' THEN coalesce(a.error_detail, 'its claim ran out before it left')
        WHEN m.status IN ('sending', 'unknown') THEN a.error_detail
        ELSE m.error_detail
    END,
    not_before = CASE
        WHEN m.status = 'sending' AND a.status = 'queued' AND a.wait_seconds > 0
            THEN %(now)s + make_interval(secs => a.wait_seconds)
        ELSE m.not_before
    END,
    day = CASE
        WHEN m.status = 'sending' AND a.status = 'queued' AND a.wait_seconds > 0 AND m.message_kind = 'event'
            THEN ((%(now)s + make_interval(secs => a.wait_seconds)) AT TIME ZONE %(timezone)s)::date
        ELSE m.day
    END,
    updated_at = now()
FROM json_to_recordset(%(answers)s) AS a (
    id uuid, status text, meta_message_id text, message_status text, error_code integer, error_detail text,
    wait_seconds double precision
)
WHERE m.id = a.id AND m.claim_token = %(token)s
RETURNING m.id, m.status

-- name: release
-- Hand the live messages that have come due to this tick, and those that an earlier run of this DAG has tried in vain (a claim
-- forgets until when a message waited) or has yet to send: where two runs meet, each message is claimed by one of them. What an event asked for keeps its recipient's hours, which
-- are looked at again before the claim; the rest keeps the send window besides, and where it was tried already by another DAG
-- (Meta put it off) its own run's retries come first. A follow-up that was put off stays where it is: its hour is over.
UPDATE message_log
SET dag_id = %(dag_id)s, dag_run_id = %(dag_run_id)s, tick_id = %(tick_id)s, updated_at = now()
WHERE status = 'queued'
    AND delivery = 'live'
    AND day = %(day)s
    AND (not_before <= %(now)s OR (not_before IS NULL AND dag_id = %(dag_id)s AND tick_id <> %(tick_id)s))
    AND message_kind NOT IN ('followup', 'reply')
    AND NOT {% include "is_kept_back" %}
    AND (
        event_name IS NOT NULL
        OR (%(in_send_window)s AND (attempts = 0 OR not_before IS NULL OR not_before <= %(now)s - interval '20 minutes'))
    )
RETURNING id

-- name: hold
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

-- name: skip
-- Withdraw a tick's queued messages, each for its reason. (Each is looked up by its id first, as in `hold`.)
UPDATE message_log AS m
SET status = 'skipped', skip_reason = s.reason, updated_at = now()
FROM json_to_recordset(%(skips)s) AS s (id uuid, reason text)
    CROSS JOIN LATERAL (
        SELECT q.id FROM message_log AS q WHERE q.id = s.id AND q.tick_id = %(tick_id)s AND q.status = 'queued' FOR NO KEY UPDATE
    ) AS queued
WHERE m.id = queued.id
RETURNING m.id

-- name: skip_repeats
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

-- name: skip_later_repeats
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

-- name: rehearse
-- Mark queued messages of a dry run as rehearsed: everything but the request has been done.
UPDATE message_log
SET status = 'rehearsed', attempts = attempts + 1, updated_at = now()
WHERE id = ANY (%(ids)s) AND status = 'queued' AND delivery = 'dry_run'
RETURNING id

-- name: mark_expired_claims_unknown
-- Mark claims with an expired lease as unknown: the request may have left, so the message is never sent again.
-- (A lease is counted by the database's clock alone, whatever the workers' say.)
UPDATE message_log
SET status = 'unknown', error_detail = 'The process that was sending it ended before it wrote down an answer.', updated_at = now()
WHERE status = 'sending'
    AND NOT still_here
    AND attempts >= 0
    AND claimed_at < clock_timestamp() - %(lease)s
    AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s))
RETURNING id

-- name: requeue_unsent_claims
-- Queue claims with an expired lease again whose request has not left. Should the claiming process wake up, its token is gone
-- (`let_go`), so that nothing leaves under it any more.
UPDATE message_log
SET status = 'queued', claim_token = NULL, claimed_at = NULL, updated_at = now()
WHERE status = 'sending'
    AND still_here
    AND attempts >= 0
    AND claimed_at < clock_timestamp() - %(lease)s
    AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s))
RETURNING id

-- name: fail_refused_template
-- Fail a tick's messages whose template was refused before their turn came; one refusal is enough.
UPDATE message_log
SET status = 'failed', error_code = %(code)s, error_detail = %(reason)s, failed_at = clock_timestamp(), updated_at = now()
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND sender = %(sender)s
    AND template_name = %(template)s
    AND language = %(language)s
    AND status = 'queued'
RETURNING id

-- name: sweep
-- Close what no task will ever touch again: queued messages of past days have expired. A rehearsal never does: nothing leaves,
-- and another day of the same backfill may be at work on it. A reply has minutes, also over midnight (`expire_replies`).
UPDATE message_log
SET status = 'skipped', skip_reason = 'expired', updated_at = now()
WHERE status = 'queued' AND attempts >= 0 AND day < %(today)s AND delivery <> 'dry_run' AND message_kind <> 'reply'
RETURNING id

-- name: messages_of
-- The messages with these ids, as they are now.
SELECT
    id, tick_id, status, skip_reason, delivery, day, sender, to_phone, partner_id, production_run_id, reminder_kind, event_name,
    parent_id, language, template_name, variables, body_text, image_url, message_kind, not_before,
    {% include "held" %} AS held, claimed_at, attempts,
    error_code, error_detail, unknown_told_by, unknown_told_in, settled_by
FROM message_log AS m
WHERE id = ANY (%(ids)s)
ORDER BY sender, partner_id, context_id

-- name: missing_of
-- Which of these messages the log does not have.
SELECT asked.id
FROM unnest(%(ids)s::uuid[]) AS asked (id)
WHERE NOT EXISTS (SELECT 1 FROM message_log AS m WHERE m.id = asked.id)

-- name: answers_of
-- What Meta has said so far of a tick's messages from one sender: refusals that concern one recipient are left out. Read from both
-- ends only (index message_log_answers): it is asked after each failure.
{%- set answered %}
    FROM message_log AS m
    WHERE m.dag_id = %(dag_id)s
        AND m.dag_run_id = %(dag_run_id)s
        AND m.tick_id = %(tick_id)s
        AND m.sender = %(sender)s
        AND m.attempts > 0
        AND m.status IN ({% include "taken_by_meta" %}, 'failed', 'unknown')
        AND NOT (m.status = 'failed' AND coalesce(m.error_code = ANY (%(recipient_codes)s), false))
{%- endset %}
{%- set at = "coalesce(m.failed_at, m.sent_at, m.updated_at)" %}
{%- set failed = "m.status IN ('failed', 'unknown')" %}
WITH last_taken AS (
    SELECT {{ at }} AS at, m.id {{ answered }} AND NOT {{ failed }} ORDER BY {{ at }} DESC, m.id DESC LIMIT 1
),
since AS (
    SELECT count(*) AS failed
    {{ answered }}
        AND ({{ at }}, m.id) > (
            coalesce((SELECT at FROM last_taken), '-infinity'), coalesce((SELECT id FROM last_taken), '00000000-0000-0000-0000-000000000000')
        )
),
of_the_first AS (
    SELECT count(*) FILTER (WHERE failed) AS failed
    FROM (SELECT {{ failed }} AS failed {{ answered }} ORDER BY {{ at }}, m.id LIMIT %(first)s) AS first_answers
),
last_failure AS (
    SELECT m.error_code, m.error_detail {{ answered }} AND {{ failed }} ORDER BY {{ at }} DESC, m.id DESC LIMIT 1
)
SELECT since.failed AS failed_in_a_row, of_the_first.failed AS failed_of_the_first, last_failure.error_code, last_failure.error_detail
FROM since CROSS JOIN of_the_first LEFT JOIN last_failure ON true

-- name: settle_by_hand
-- Say by hand what became of a message that is unknown, and keep who said so and why; the same said again (a try whose answer was
-- lost) counts too. What did not arrive has failed: its slot is free.
WITH settled AS (
    UPDATE message_log
    SET
        status = CASE %(outcome)s WHEN 'arrived' THEN 'sent' ELSE 'failed' END,
        sent_at = CASE %(outcome)s WHEN 'arrived' THEN coalesce(sent_at, claimed_at) ELSE sent_at END,
        failed_at = CASE %(outcome)s WHEN 'arrived' THEN failed_at ELSE %(now)s END,
        settled_by = %(who)s, updated_at = now()
    WHERE id = %(message_id)s AND status = 'unknown'
    RETURNING id
),
noted AS (
    INSERT INTO audit (at, who, why, act, subject, detail)
    SELECT %(now)s, %(who)s, %(why)s, %(act)s, id::text, jsonb_build_object('outcome', %(outcome)s::text)
    FROM settled
    RETURNING subject
)
SELECT subject FROM noted
UNION ALL
SELECT subject
FROM audit
WHERE subject = %(message_id)s::text
    AND act = %(act)s
    AND who = %(who)s
    AND why = %(why)s
    AND detail = jsonb_build_object('outcome', %(outcome)s::text)

-- name: status_of
-- How a message stands, and who has settled it by hand.
SELECT status, settled_by FROM message_log WHERE id = %(message_id)s

-- part: taken_by_meta
-- The statuses of what Meta has accepted, and has not failed to deliver since (the set of the same name in Python).
'sent', 'delivered', 'read'

-- part: waits
-- Whether a queued message is not due yet: once its run's tasks are over, message_log_upkeep sends it.
(m.status = 'queued' AND m.delivery = 'live' AND coalesce(m.not_before > %(now)s, false))

-- part: held
-- Whether a queued message comes due only after its task's last sure try (1 + 2 + 4 minutes, the DAGs' retries): message_log_upkeep sends it.
(m.status = 'queued' AND m.delivery = 'live' AND coalesce(m.not_before > %(now)s + interval '7 minutes', false))
