-- name: ticks_of_day
-- The passes of a day's reminders, in their order.
SELECT id, dag_run_id, delivery, now, inspected, no_partner, planned, created_at
FROM tick
WHERE dag_id = %(dag_id)s AND day = %(day)s AND created_at >= %(since)s
ORDER BY created_at

-- part: found_and_said
-- The runs that a day's ticks found stuck, and the message that decided what became of each. A run of which one tick has told and which another
-- has skipped was told of.
WITH found AS (
    SELECT DISTINCT ON (s.production_run_id) s.production_run_id, s.kind
    FROM stuck_run AS s
    WHERE s.dag_run_id IN (
            SELECT dag_run_id FROM tick
            WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND day = %(day)s AND created_at >= %(since)s
        )
        AND s.delivery = %(delivery)s
    ORDER BY s.production_run_id, s.observed_at DESC
), said AS (
    SELECT DISTINCT ON (1) coalesce(r.production_run_id, m.production_run_id) AS production_run_id, m.id, m.status, m.skip_reason
    FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE m.delivery = %(delivery)s AND m.day = %(day)s AND m.message_kind IN ('reminder', 'digest')
    ORDER BY 1, m.status = 'skipped', m.created_at DESC
)

-- name: ends_of_day
-- What became of each run that a day's ticks found stuck: how its message stands, or why there was none. A run of which nothing is written is
-- `undecided`.
{% include "found_and_said" %}
SELECT f.kind, coalesce(s.status, 'undecided') AS status, s.skip_reason, count(*) AS runs
FROM found AS f LEFT JOIN said AS s USING (production_run_id)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: messages_of_ends
-- The messages that decided what became of a day's runs of one kind, run by run, as `ends_of_day` counts them.
{% include "found_and_said" %}
SELECT f.production_run_id, s.id
FROM found AS f JOIN said AS s USING (production_run_id)
WHERE f.kind = %(kind)s
    AND (%(status)s::text IS NULL OR s.status = %(status)s)
    AND (%(reason)s::text IS NULL OR s.skip_reason = %(reason)s)

-- name: is_partner_of_a_message
-- Whether a partner has ever been written to, or was left out.
SELECT partner_id FROM message_log WHERE partner_id = %(partner_id)s LIMIT 1

-- name: messages_of_day
-- A day's messages that are no reminders, counted.
SELECT message_kind, status, skip_reason, count(*) AS messages
FROM message_log
WHERE delivery = %(delivery)s AND day = %(day)s AND message_kind NOT IN ('reminder', 'digest')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: billed_on_day
-- What Meta says that it bills of a day's messages, by category and sort.
SELECT pricing_category, pricing_type, pricing_billable, count(*) AS messages
FROM message_log
WHERE delivery = 'live' AND day = %(day)s AND pricing_at IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: billed_to
-- To whom a day's messages went that Meta bills, by category.
SELECT pricing_category AS category, to_phone AS phone, count(*) AS messages
FROM message_log
WHERE delivery = 'live' AND day = %(day)s AND pricing_at IS NOT NULL AND pricing_billable
GROUP BY 1, 2

-- name: senders_of_day
-- How each sender's messages of a day stand with Meta, and since when one is stopped.
SELECT
    m.sender,
    count(*) FILTER (WHERE m.status IN ({% include "taken_by_meta" %})) AS taken,
    count(*) FILTER (WHERE m.status IN ('delivered', 'read')) AS delivered,
    count(*) FILTER (WHERE m.status = 'failed') AS failed,
    max(greatest(m.sent_at_meta, m.delivered_at_meta, m.read_at_meta, m.failed_at_meta)) AS last_heard,
    (SELECT s.error_detail FROM sender_stop AS s WHERE s.sender = m.sender AND s.lifted_at IS NULL) AS stopped
FROM message_log AS m
WHERE m.delivery = 'live' AND m.day = %(day)s AND m.sender IS NOT NULL
GROUP BY m.sender
ORDER BY m.sender

-- name: last_acts
-- What people have done by hand, the newest first, and to whom or what.
SELECT
    a.at, a.who, a.why, a.act, a.subject, a.detail, e.production_run_id, e.partner_id,
    EXISTS (SELECT FROM left_alone AS l WHERE l.partner_id = a.subject) AS is_partner
FROM (SELECT id, at, who, why, act, subject, detail FROM audit ORDER BY at DESC, id DESC LIMIT %(at_most)s) AS a
    LEFT JOIN escalation AS e ON e.id = CASE WHEN a.act LIKE '%%\_escalation' THEN a.subject::uuid END
ORDER BY a.at DESC, a.id DESC

-- name: acts_about
-- What people have done by hand about one thing, the newest first.
SELECT at, who, why, act, detail
FROM audit
WHERE subject = %(subject)s
ORDER BY at DESC, id DESC
LIMIT %(at_most)s

-- part: page_columns
-- What a page shows of a message.
m.id, m.dag_id, m.dag_run_id, m.delivery, m.day, m.message_kind, m.reminder_kind, m.event_name, m.production_run_id, m.partner_id, m.sender,
m.to_phone, m.language, m.template_name, m.body_text, m.status, m.skip_reason, m.duplicate_of, m.not_before, m.error_code, m.error_detail,
m.message_status, m.created_at, m.claimed_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.expired_at_meta, m.settled_by, m.blanked,
m.context_id LIKE '%%:preview:%%' AS is_preview, CASE WHEN m.status = 'skipped' THEN (m.variables ->> 'next_due')::date END AS next_due,
m.variables ->> 'holiday' AS holiday, m.variables ->> 'readings' AS readings, m.variables ->> 'bad_column' AS bad_column, {% include "left_alone_by" %} AS left_alone_by, {% include "held_by" %} AS held_by,
(SELECT array_agg(r.production_run_id ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id) AS run_ids

-- part: of_one_run
-- The messages that speak of a run; a skip of one run alone names it itself.
SELECT r.message_id FROM message_run AS r WHERE r.production_run_id = %(run)s AND r.delivery = %(delivery)s
UNION ALL
SELECT s.id FROM message_log AS s WHERE s.production_run_id = %(run)s AND s.status = 'skipped' AND s.delivery = %(delivery)s

-- name: page_of_messages
-- One page of the messages that answer to the filters, the newest first, from a place in that order on.
SELECT {% include "page_columns" %}
FROM message_log AS m
WHERE m.delivery = %(delivery)s
    AND m.day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(after_id)s::uuid IS NULL OR (m.day, m.created_at, m.id) < (%(after_day)s, %(after_created_at)s, %(after_id)s))
    AND (%(partner_ids)s::text[] IS NULL OR m.partner_id = ANY (%(partner_ids)s))
    AND (
        %(run)s::text IS NULL
        OR m.id = ANY (ARRAY (
            {% include "of_one_run" %}
        ))
    )
    AND (%(kind)s::text IS NULL OR m.message_kind = %(kind)s)
    AND (%(status)s::text IS NULL OR m.status = %(status)s)
    AND (%(reason)s::text IS NULL OR m.skip_reason = %(reason)s)
    AND (%(sender)s::text IS NULL OR m.sender = %(sender)s)
    AND (%(template)s::text IS NULL OR m.template_name = %(template)s)
    AND (%(dag)s::text IS NULL OR m.dag_id = %(dag)s)
    AND (%(dag_run)s::text IS NULL OR m.dag_run_id = %(dag_run)s)
    AND (%(message_ids)s::uuid[] IS NULL OR m.id = ANY (%(message_ids)s))
ORDER BY m.day DESC, m.created_at DESC, m.id DESC
LIMIT %(at_most)s

-- name: spans_of_dag_run
-- On which days the messages of a DAG run, or these ones, count, and how they are delivered; the most frequent first.
SELECT delivery, min(day) AS since, max(day) AS until
FROM message_log
WHERE (%(message_ids)s::uuid[] IS NULL AND dag_id = %(dag)s AND dag_run_id = %(dag_run)s) OR id = ANY (%(message_ids)s)
GROUP BY delivery
ORDER BY count(*) DESC

-- name: history
-- The messages of some days to a partner, or about a run, the newest first.
SELECT {% include "page_columns" %}
FROM message_log AS m
WHERE m.delivery = %(delivery)s
    AND m.day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(partner_id)s::text IS NULL OR m.partner_id = %(partner_id)s)
    AND (
        %(run)s::text IS NULL
        OR m.id = ANY (ARRAY (
            {% include "of_one_run" %}
        ))
    )
ORDER BY m.day DESC, m.created_at DESC, m.id DESC
LIMIT %(at_most)s

-- name: message_by_id
-- One message as a page shows it.
SELECT {% include "page_columns" %}, m.parent_id, m.meta_message_id IS NOT NULL AS taken, m.pricing_category, m.pricing_billable, m.attempts
FROM message_log AS m
WHERE m.id = %(message_id)s

-- name: follow_ups_of
-- What followed a message.
SELECT id, status, skip_reason FROM message_log WHERE parent_id = %(message_id)s ORDER BY created_at

-- name: answers
-- What was answered to a message, or came from a partner's phones since a day; the newest first.
SELECT id, message_id, partner_id, production_run_id, kind, intent, text, received_at, became, edited, blanked
FROM answer
WHERE (%(message_id)s::uuid IS NULL OR message_id = %(message_id)s)
    AND (
        %(partner_id)s::text IS NULL
        OR dialled(phone) = ANY (ARRAY (
            SELECT DISTINCT dialled(to_phone)
            FROM message_log
            WHERE partner_id = %(partner_id)s AND to_phone IS NOT NULL AND day >= %(first_day)s
        ))
    )
ORDER BY received_at DESC
LIMIT %(at_most)s

-- name: found_of
-- The runs of a partner (or one run) that the ticks of some days found stuck, by day; the last finding of each day.
SELECT DISTINCT ON (s.day, s.production_run_id) s.day, s.production_run_id, s.kind, s.partner_id, s.since
FROM stuck_run AS s
WHERE s.delivery = %(delivery)s
    AND s.day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(run)s::text IS NULL OR s.production_run_id = %(run)s)
    AND (%(partner_id)s::text IS NULL OR s.partner_id = %(partner_id)s)
ORDER BY s.day DESC, s.production_run_id, s.observed_at DESC

-- name: last_found
-- How a run was last found stuck by a live tick, and the days on which its partner was reminded of it since it stands so.
SELECT
    s.production_run_id, s.kind, s.partner_id, s.design_id, s.since, s.quantity, s.produced_quantity, s.day,
    (
        SELECT array_agg(DISTINCT r.day ORDER BY r.day)
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.production_run_id = s.production_run_id
            AND r.delivery = 'live'
            AND r.day >= (s.since AT TIME ZONE %(timezone)s)::date
            AND m.partner_id = s.partner_id
            AND r.message_kind IN ('reminder', 'digest')
            AND {% include "counts_as_reminded" %}
    ) AS reminded
FROM stuck_run AS s
WHERE s.production_run_id = %(run)s AND s.delivery = 'live'
ORDER BY s.day DESC, s.observed_at DESC
LIMIT 1

-- name: days_with_ticks
-- The days of a span on which the reminders have planned.
SELECT DISTINCT day
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND created_at >= %(since)s AND day BETWEEN %(first_day)s AND %(last_day)s AND planned IS NOT NULL

-- name: escalations_about
-- What needs, or has needed, a person about a partner or a run, the newest first.
SELECT id, production_run_id, kind, reason, since, opened_at, closed_at, closed_by, closed_why, assigned_to
FROM escalation
WHERE delivery = 'live'
    AND (%(run)s::text IS NULL OR production_run_id = %(run)s)
    AND (%(partner_id)s::text IS NULL OR partner_id = %(partner_id)s)
ORDER BY closed_at IS NOT NULL, opened_at DESC
LIMIT 100

-- name: work_list
-- What needs a person and is nobody's or somebody's, with what was last said to the partner and by them; also how one of them stands.
SELECT
    e.id, e.production_run_id, e.partner_id, e.kind, e.reason, e.since, e.opened_at, e.assigned_to, e.touched_at, e.asleep_until,
    e.closed_at, e.closed_by, e.closed_why,
    answered.text AS answer, answered.kind AS answer_kind, answered.edited AS answer_edited, answered.received_at AS answered_at,
    reminded.id AS message_id, reminded.sent_at, reminded.status, coalesce(reminded.to_phone, spoke.to_phone) AS phone,
    note.why AS note, note.who AS noted_by, note.at AS noted_at, {% include "runs_beside" %} AS others
FROM escalation AS e
    LEFT JOIN LATERAL (
        SELECT m.id, m.sent_at, m.status, m.to_phone
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.production_run_id = e.production_run_id AND r.delivery = 'live' AND m.sent_at IS NOT NULL
        ORDER BY m.sent_at DESC LIMIT 1
    ) AS reminded ON true
    LEFT JOIN LATERAL (
        SELECT m.to_phone FROM message_log AS m
        WHERE m.partner_id = e.partner_id AND m.to_phone IS NOT NULL AND m.delivery = 'live'
        ORDER BY m.day DESC LIMIT 1
    ) AS spoke ON true
    LEFT JOIN LATERAL (
        SELECT a.text, a.kind, a.edited, a.received_at FROM answer AS a
        WHERE a.id = e.answer_id OR a.message_id = reminded.id
        ORDER BY a.id IS NOT DISTINCT FROM e.answer_id DESC, a.received_at DESC LIMIT 1
    ) AS answered ON true
    LEFT JOIN LATERAL (
        SELECT u.who, u.why, u.at FROM audit AS u
        WHERE u.subject = e.id::text AND u.act = 'note_escalation'
        ORDER BY u.at DESC LIMIT 1
    ) AS note ON true
WHERE e.delivery = 'live'
    AND (%(escalation_id)s::uuid IS NULL AND e.closed_at IS NULL OR e.id = %(escalation_id)s)
    AND (%(dag_run)s::text IS NULL OR e.dag_run_id = %(dag_run)s)
ORDER BY e.since, e.id
LIMIT %(at_most)s

-- name: touch_escalation
-- Take one on, give it back, put it off, or note something on it; who and what is kept in the audit. It moves from nobody whom whoever moves it
-- has not seen to have it.
WITH touched AS (
    UPDATE escalation
    SET assigned_to = %(assigned_to)s, asleep_until = %(asleep_until)s, touched_at = %(now)s
    WHERE id = %(escalation_id)s
        AND delivery = 'live'
        AND closed_at IS NULL
        AND (NOT %(moves)s OR assigned_to IS NULL OR assigned_to IN (%(who)s, %(had)s))
    RETURNING id
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, id::text, %(detail)s FROM touched
RETURNING id

-- name: close_one_escalation
-- Close one by hand; its run is not called for again for this reason until it has moved.
WITH closed AS (
    UPDATE escalation
    SET closed_at = %(now)s, closed_by = %(who)s, closed_why = %(why)s
    WHERE id = %(escalation_id)s AND delivery = 'live' AND closed_at IS NULL AND reason <> 'maybe_opt_out'
    RETURNING id, reason
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, 'close_escalation', id::text, jsonb_build_object('reason', reason) FROM closed
RETURNING id

-- name: templates_page
-- How each template stands on each account.
SELECT a.waba_id, a.name, a.language, a.status, a.category, a.announced_category, a.previous_category, a.quality, a.reason, a.seen_at
FROM template_approval AS a
ORDER BY a.waba_id, a.name, a.language

-- name: accounts_read
-- When each account's templates were last read.
SELECT waba_id, listed_at, problem FROM template_account ORDER BY waba_id
