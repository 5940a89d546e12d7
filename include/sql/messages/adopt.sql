-- Take over messages that are queued already (a killed task, an earlier stopped run): they become this tick's, worded, addressed
-- or withdrawn as it has just decided. Each is looked up by the index that makes its context unique (an event has another one than
-- the rest, and a condition that speaks of both is answered by neither) and locked in the order of the contexts, so that two
-- plannings at once wait for each other instead of locking each other out.
WITH {% include "messages/drafts.sql" %},
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
