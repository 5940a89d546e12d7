-- name: ticks_that_planned
-- The days of a span on which ticks have planned, each with the moment of the last one and with its DAG run.
SELECT DISTINCT ON (day) day, now, dag_run_id
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND created_at >= %(since)s AND day BETWEEN %(first_day)s AND %(last_day)s AND planned IS NOT NULL
ORDER BY day, now DESC

-- name: stalls_found
-- The stalls that the ticks of a span have found, each with the first and the last day on which they did.
SELECT production_run_id, kind, partner_id, since, max(design_id) AS design_id, min(day) AS first, max(day) AS last
FROM stuck_run
WHERE delivery = %(delivery)s AND day BETWEEN %(first_day)s AND %(last_day)s AND partner_id IS NOT NULL
GROUP BY production_run_id, kind, partner_id, since
ORDER BY since, production_run_id
LIMIT %(at_most)s

-- name: days_out_of_line
-- On which days of a span something happened to a run's reminder that no planner decides: nothing was sent of it for a reason that is not
-- one of those, what was sent has failed, or an event had asked for it. Where another message held the run's slot, none of the first two.
-- (Of the few that are odd, each run and each slot is looked up by itself: PostgreSQL cannot know how few they are.)
WITH odd AS MATERIALIZED (
    SELECT
        m.id, m.day, m.production_run_id,
        CASE WHEN m.status = 'skipped' THEN m.skip_reason WHEN {% include "counts_as_reminded" %} THEN 'asked' ELSE 'failed' END AS what
    FROM message_log AS m
    WHERE m.delivery = %(delivery)s
        AND m.day BETWEEN %(first_day)s AND %(last_day)s
        AND m.message_kind IN ('reminder', 'digest')
        AND m.redirected = ''
        AND CASE
            WHEN m.status = 'skipped' THEN m.skip_reason <> ALL (%(decided)s)
            WHEN {% include "counts_as_reminded" %} THEN m.event_name IS NOT NULL
            ELSE m.status NOT IN ('queued', 'sending')
        END
), of_run AS MATERIALIZED (
    SELECT odd.day, odd.what, run.id AS production_run_id
    FROM odd
        CROSS JOIN LATERAL unnest(
            coalesce(
                (SELECT array_agg(r.production_run_id) FROM message_run AS r WHERE r.message_id = odd.id), ARRAY[odd.production_run_id]
            )
        ) AS run (id)
    WHERE run.id IS NOT NULL
)
SELECT production_run_id, what, array_agg(DISTINCT day) AS days
FROM of_run
WHERE what = 'asked'
    OR (
        SELECT count(*)
        FROM message_run AS other
        WHERE other.delivery = %(delivery)s
            AND other.redirected = ''
            AND other.production_run_id = of_run.production_run_id
            AND other.day = of_run.day
            AND other.holds_slot
            AND other.message_kind IN ('reminder', 'digest')
            AND (
                SELECT {% include "counts_as_reminded" %} FROM message_log AS m WHERE m.id = other.message_id
            )
    ) = 0
GROUP BY production_run_id, what

-- name: where_partners_are_reached
-- The phone to which each of these partners was last written, and whether they were written to at all between two days.
SELECT
    p.id AS partner_id,
    (
        SELECT m.to_phone
        FROM message_log AS m
        WHERE m.partner_id = p.id AND m.delivery = %(delivery)s AND m.redirected = '' AND m.to_phone IS NOT NULL
        ORDER BY m.day DESC
        LIMIT 1
    ) AS phone,
    EXISTS (
        SELECT
        FROM message_log AS m
        WHERE m.partner_id = p.id
            AND m.day BETWEEN %(first_day)s AND %(last_day)s
            AND m.delivery = %(delivery)s
            AND m.redirected = ''
            AND m.status <> 'skipped'
    ) AS reached
FROM unnest(%(partner_ids)s::text[]) AS p (id)

-- name: billed_as
-- As which category Meta has billed the most reminders of a span.
SELECT pricing_category
FROM message_log
WHERE delivery = 'live'
    AND day BETWEEN %(first_day)s AND %(last_day)s
    AND message_kind IN ('reminder', 'digest')
    AND pricing_category IS NOT NULL
GROUP BY pricing_category
ORDER BY count(*) DESC, pricing_category
LIMIT 1

-- name: one_save_at_a_time
-- Until this transaction ends, nobody else saves settings.
SELECT pg_advisory_xact_lock(hashtext('partner_messages.settings_history'))

-- name: note_settings
-- Settings were saved: what they were, what they are, who and why; in the audit, too.
WITH saved AS (
    INSERT INTO settings_history (at, who, why, before, after, undoes)
    VALUES (%(now)s, %(who)s, %(why)s, %(were)s, %(are)s, %(undoes)s)
    RETURNING id, undoes
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT
    %(now)s, %(who)s, %(why)s, 'save_settings', 'settings',
    jsonb_build_object('id', id, 'undoes', undoes, 'before', %(were)s::jsonb, 'after', %(are)s::jsonb)
FROM saved
RETURNING id

-- name: settings_saved
-- The settings that were saved here last, the newest first; or one of them.
SELECT h.id, h.at, h.who, h.why, h.before, h.after, h.undoes
FROM settings_history AS h
WHERE %(history_id)s::bigint IS NULL OR h.id = %(history_id)s
ORDER BY h.id DESC
LIMIT %(at_most)s
