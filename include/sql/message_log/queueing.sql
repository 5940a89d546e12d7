-- part: drafts
-- The drafts of one planning as a table: what every statement that writes them begins with.
draft AS (
    SELECT d.*
    FROM json_to_recordset(%(drafts)s) AS d (
        id uuid, day date, context_type text, context_id text, message_kind text, reminder_kind text, event_name text,
        event_id text, decided_at timestamptz, parent_id uuid, production_run_id text, partner_id text, design_id text,
        sender text, to_phone text, language text, template_name text, variables jsonb, body_text text, image_url text,
        not_before timestamptz, skip_reason text, duplicate_of uuid, production_run_ids jsonb, adopts uuid
    )
)

-- name: queue
-- Queue the drafts that got their slots; one whose context or event is held is not returned. An event that waits for the morning
-- holds its context until an hour after it leaves: a repeat by night would arrive together with it.
WITH {% include "drafts" %}
INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, redirected, day, context_type, context_id, message_kind, reminder_kind, event_name,
    event_id, event_hour, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name,
    variables, body_text, image_url, not_before, status
)
SELECT
    id, %(dag_id)s, %(dag_run_id)s, %(tick_id)s, %(delivery)s, %(redirected)s, coalesce(day, %(day)s), context_type, context_id,
    message_kind, reminder_kind, event_name, event_id,
    CASE WHEN message_kind = 'event' THEN tstzrange(decided_at, coalesce(not_before, decided_at) + interval '60 minutes') END,
    parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name, variables, body_text,
    image_url, not_before, 'queued'
FROM draft
ORDER BY context_id
ON CONFLICT DO NOTHING
RETURNING id

-- name: take_slots
-- Take the day's slot of every run that the drafts speak of; what another message holds is not returned. In the order of the
-- run ids, so that two plannings at once wait for each other instead of locking each other out.
WITH {% include "drafts" %}
INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, redirected, day, holds_slot)
SELECT d.id, run.id, d.message_kind, %(delivery)s, %(redirected)s, coalesce(d.day, %(day)s), true
FROM draft AS d CROSS JOIN LATERAL jsonb_array_elements_text(d.production_run_ids) AS run (id)
ORDER BY run.id
ON CONFLICT DO NOTHING
RETURNING message_id, production_run_id

-- name: give_back_slots
-- Give back the slots of drafts that did not become messages after all.
DELETE FROM message_run WHERE message_id = ANY (%(ids)s)

-- name: adopt
-- Take over messages that are queued already (a killed task, an earlier stopped run): they become this tick's, worded, addressed
-- or withdrawn as it has just decided. Each is looked up by the index that makes its context unique (an event has another one than
-- the rest, and a condition that speaks of both is answered by neither) and locked in the order of the contexts, so that two
-- plannings at once wait for each other instead of locking each other out.
WITH {% include "drafts" %},
in_slot AS (
    SELECT d.*, queued.message_id, d.event_id IS NOT DISTINCT FROM queued.event_id AS is_its_own
    FROM (SELECT * FROM draft WHERE duplicate_of IS NULL ORDER BY context_id) AS d
        CROSS JOIN LATERAL (
            SELECT m.id AS message_id, m.event_id
            FROM message_log AS m
            WHERE m.delivery = %(delivery)s
                AND m.redirected = %(redirected)s
                AND m.context_type = d.context_type
                AND m.context_id = d.context_id
                AND m.holds_slot
                AND m.message_kind <> 'event'
                AND m.status = 'queued'
                -- A digest that was queued since this plan looked may speak of other runs: the ones it lacks would be forgotten.
                AND (m.message_kind <> 'digest' OR m.id = d.adopts)
                -- What an event has asked for since this plan looked is not withdrawn for the mark that the shop made with the event.
                AND (d.skip_reason IS DISTINCT FROM 'already_in_shop' OR d.event_name IS NOT NULL OR m.event_name IS NULL)
            FOR NO KEY UPDATE
        ) AS queued
),
in_hour AS (
    SELECT d.*, queued.message_id, true AS is_its_own
    FROM (SELECT * FROM draft WHERE duplicate_of IS NULL AND message_kind = 'event' ORDER BY context_id) AS d
        CROSS JOIN LATERAL (
            SELECT m.id AS message_id
            FROM message_log AS m
            WHERE m.delivery = %(delivery)s
                AND m.redirected = %(redirected)s
                AND m.context_type = d.context_type
                AND m.context_id = d.context_id
                AND m.holds_slot
                AND m.message_kind = 'event'
                AND m.status = 'queued'
                -- A second event is a repeat, and another DAG run's to send; the same one may be planned again.
                AND m.dag_run_id = %(dag_run_id)s
                AND m.event_id IS NOT DISTINCT FROM d.event_id
            FOR NO KEY UPDATE
        ) AS queued
),
adoption AS (
    SELECT * FROM in_slot UNION ALL SELECT * FROM in_hour
),
-- Of two drafts of one context (a run's reminder that two events ask for) the one of the message's own event.
of_context AS (
    SELECT DISTINCT ON (message_id) * FROM adoption ORDER BY message_id, is_its_own DESC, event_id
),
-- One message for an event: of two runs' reminders that one event asks for, the one that it has had already, or else the first.
chosen AS (
    SELECT DISTINCT ON (key) *
    FROM (SELECT *, coalesce(CASE WHEN skip_reason IS NULL THEN event_id END, message_id::text) AS key FROM of_context) AS o
    WHERE o.is_its_own
        OR o.skip_reason IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM message_log AS m
            WHERE m.delivery = %(delivery)s
                AND m.redirected = %(redirected)s
                AND m.event_id = o.event_id
                AND m.holds_slot
        )
    ORDER BY key, is_its_own DESC, context_id
)
UPDATE message_log AS m
SET
    dag_id = %(dag_id)s,
    dag_run_id = %(dag_run_id)s,
    tick_id = %(tick_id)s,
    day = coalesce(a.day, %(day)s),
    reminder_kind = a.reminder_kind,
    partner_id = coalesce(a.partner_id, m.partner_id),
    design_id = a.design_id,
    sender = coalesce(a.sender, m.sender),
    to_phone = coalesce(a.to_phone, m.to_phone),
    language = coalesce(a.language, m.language),
    template_name = coalesce(a.template_name, m.template_name),
    variables = coalesce(a.variables, m.variables),
    body_text = coalesce(a.body_text, m.body_text),
    image_url = a.image_url,
    event_name = coalesce(a.event_name, m.event_name),
    event_id = coalesce(a.event_id, m.event_id),
    -- What an event asked for keeps the hours of events, what Meta put off is not tried before, and what is not addressed anew (a
    -- digest as it is) waits as it did.
    not_before = CASE
        WHEN a.event_name IS NULL AND (m.event_name IS NOT NULL OR m.attempts > 0 OR a.to_phone IS NULL)
            THEN greatest(m.not_before, a.not_before)
        ELSE a.not_before
    END,
    status = CASE WHEN a.skip_reason IS NULL THEN 'queued' ELSE 'skipped' END,
    skip_reason = a.skip_reason,
    updated_at = now()
FROM chosen AS a
WHERE m.id = a.message_id
RETURNING a.id AS draft_id

-- name: queued_contexts
-- What is queued for a day already, by the key under which it is unique.
SELECT context_type, context_id
FROM message_log
WHERE delivery = %(delivery)s AND redirected = %(redirected)s AND day >= %(day)s AND status = 'queued'

-- name: record_skips
-- Record the drafts that are not to be sent, each with its reason, once a tick; a digest with the runs that it speaks of.
WITH {% include "drafts" %},
-- (Read once: looked for one by one, PostgreSQL would read the tick's rows anew for each draft.)
known AS MATERIALIZED (
    SELECT context_type, context_id, event_id
    FROM message_log
    WHERE dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND tick_id = %(tick_id)s AND status = 'skipped'
),
skipped AS (
    INSERT INTO message_log (
        id, dag_id, dag_run_id, tick_id, delivery, redirected, day, context_type, context_id, message_kind, reminder_kind,
        event_name, event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name, variables,
        body_text, status, skip_reason, duplicate_of
    )
    SELECT
        id, %(dag_id)s, %(dag_run_id)s, %(tick_id)s, %(delivery)s, %(redirected)s, coalesce(day, %(day)s), context_type, context_id,
        message_kind, reminder_kind, event_name, event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language,
        template_name, variables, body_text, 'skipped', skip_reason, duplicate_of
    FROM draft AS d
    WHERE NOT EXISTS (
        SELECT FROM known
        WHERE known.context_type = d.context_type
            AND known.context_id = d.context_id
            AND known.event_id IS NOT DISTINCT FROM d.event_id
    )
    RETURNING id
)
INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, redirected, day, holds_slot)
SELECT d.id, run.id, d.message_kind, %(delivery)s, %(redirected)s, coalesce(d.day, %(day)s), false
FROM skipped
    JOIN draft AS d USING (id)
    CROSS JOIN LATERAL jsonb_array_elements_text(d.production_run_ids) AS run (id)
WHERE d.message_kind = 'digest'

-- name: reword
-- Word a tick's message anew while it is queued.
UPDATE message_log
SET variables = %(variables)s, body_text = %(body_text)s, updated_at = now()
WHERE id = %(id)s AND tick_id = %(tick_id)s AND status = 'queued'
RETURNING id

-- name: leave_digest
-- Let runs leave a message that speaks of others too; with the row each gives up its slot of the day.
DELETE FROM message_run WHERE message_id = %(id)s AND production_run_id = ANY (%(production_run_ids)s)

-- name: queued_of_tick
-- What a tick has queued and can send now, in the order in which it is dealt out: its messages, or what follows them.
SELECT
    m.id, m.sender, coalesce(m.reminder_kind, replace(m.event_name, 'production_run.', ''), m.message_kind) AS about,
    coalesce(m.variables ->> 'design_name', '') AS design_name,
    m.variables ->> 'partner_name' AS partner_name
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND m.tick_id = %(tick_id)s
    AND m.status = 'queued'
    AND (m.message_kind = 'followup') = %(followups)s
    AND NOT {% include "held" %}
ORDER BY m.sender, m.partner_id, m.context_id

-- name: withdraw_reminders
-- Withdraw the queued reminders of runs that have ended, of a day and later.
UPDATE message_log
SET status = 'skipped', skip_reason = 'moved_on', updated_at = now()
WHERE delivery = %(delivery)s
    AND redirected = %(redirected)s
    AND day >= %(day)s
    AND message_kind = 'reminder'
    AND production_run_id = ANY (%(production_run_ids)s)
    AND status = 'queued'
RETURNING id
