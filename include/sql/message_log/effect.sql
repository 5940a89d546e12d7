-- name: days_to_count
-- The days whose messages are to be counted, the last first: those that never were, and those of which more may have come to be known.
-- After three weeks nothing of a day changes any more.
SELECT d.day::date AS day
FROM generate_series(%(first_day)s::timestamp, %(day)s::timestamp, interval '1 day') AS d (day)
    LEFT JOIN counted_day AS c ON c.day = d.day::date
WHERE c.day IS NULL
    OR (
        c.counted_at < c.day + interval '21 days'
        AND c.counted_at < %(now)s - CASE WHEN c.day >= %(day)s::date - 1 THEN interval '10 minutes' ELSE interval '6 hours' END
    )
ORDER BY d.day DESC
LIMIT %(at_most)s

-- name: note_counted_day
-- Note that a day is being counted; who counts it at the same time waits.
INSERT INTO counted_day (day, counted_at) VALUES (%(day)s, %(now)s)
ON CONFLICT (day) DO UPDATE SET counted_at = excluded.counted_at

-- name: forget_counts
-- Delete the earlier counts of a day.
WITH messages AS (
    DELETE FROM message_count WHERE day = %(day)s
)
DELETE FROM move_count WHERE day = %(day)s

-- name: count_messages
-- Count a day's live messages by how they stand.
INSERT INTO message_count (
    day, message_kind, reminder_kind, status, skip_reason, error_code, heard, pricing_category, pricing_billable, pricing_type, messages
)
SELECT
    day, message_kind, reminder_kind, CASE WHEN expired_at_meta IS NOT NULL THEN 'expired' ELSE status END, skip_reason,
    CASE WHEN status = 'failed' THEN error_code END,
    coalesce(sent_at_meta, delivered_at_meta, read_at_meta, failed_at_meta) IS NOT NULL, pricing_category, pricing_billable, pricing_type,
    count(*)
FROM message_log
WHERE delivery = 'live' AND day = %(day)s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

-- name: runs_to_judge
-- The runs of which it is to be told whether they have moved: those that a day found stuck, and those of open cases of the comparison.
SELECT DISTINCT production_run_id FROM stuck_run WHERE delivery = 'live' AND dag_run_id IN (
    SELECT dag_run_id FROM tick WHERE dag_id = %(dag_id)s AND delivery = 'live' AND day = %(day)s AND created_at >= %(since)s
)
UNION
SELECT production_run_id FROM trial_case WHERE outcome IS NULL

-- name: count_moves
-- Count what became of the stuck runs that were reminded of on a day, and of those that were not due: by the kind, the number of the
-- reminder in its stall, its hour and language.
{%- from "fate" import fate %}
WITH {% include "whole_ticks" %},
found AS MATERIALIZED (
    SELECT DISTINCT ON (s.production_run_id) s.production_run_id, s.kind, s.partner_id, s.since, s.day
    FROM stuck_run AS s
    WHERE s.dag_run_id IN (
            SELECT dag_run_id FROM tick
            WHERE dag_id = %(dag_id)s AND delivery = 'live' AND day = %(day)s AND created_at >= %(since)s
        )
        AND s.delivery = 'live'
        AND s.partner_id IS NOT NULL
    ORDER BY s.production_run_id, s.observed_at DESC
),
said AS MATERIALIZED (
    SELECT DISTINCT ON (1) coalesce(r.production_run_id, m.production_run_id) AS production_run_id, m.status <> 'skipped' AS reminded,
        m.language, extract(hour FROM coalesce(m.sent_at, m.claimed_at) AT TIME ZONE %(timezone)s) AS hour
    FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE m.delivery = 'live'
        AND m.day = %(day)s
        AND m.message_kind IN ('reminder', 'digest')
        AND (m.skip_reason = 'not_due' OR {% include "counts_as_reminded" %})
    ORDER BY 1, m.status = 'skipped', m.created_at DESC
)
INSERT INTO move_count (day, kind, number, hour, language, outcome, ticks, runs)
SELECT
    %(day)s, f.kind, CASE WHEN s.reminded THEN least(1 + before.reminders, %(last_number)s) ELSE 0 END, CASE WHEN s.reminded THEN s.hour END,
    CASE WHEN s.reminded THEN s.language END, ended.outcome, ended.ticks, count(*)
FROM found AS f
    JOIN said AS s USING (production_run_id)
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT r.day) AS reminders
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.production_run_id = f.production_run_id
            AND r.delivery = 'live'
            AND r.day < f.day
            AND r.day >= (f.since AT TIME ZONE %(timezone)s)::date
            AND r.message_kind IN ('reminder', 'digest')
            AND m.partner_id = f.partner_id
            AND {% include "counts_as_reminded" %}
    ) AS before
    {{ fate("f") }}
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN fate.again IS NOT NULL THEN 'reminded_again'
                WHEN fate.by_the_shop THEN 'by_the_shop'
                WHEN fate.ticks <= %(within)s THEN 'moved'
                WHEN (SELECT count(*) FROM whole_tick AS t WHERE t.day > f.day) >= %(within)s THEN 'still_stuck'
                ELSE 'not_over'
            END AS outcome,
            CASE WHEN fate.again IS NULL AND NOT fate.by_the_shop AND fate.ticks <= %(within)s THEN fate.ticks END AS ticks
    ) AS ended
GROUP BY 1, 2, 3, 4, 5, 6, 7

-- name: judge_cases
-- Say what became of the cases of the comparison whose time is over: moved within so many scheduled ticks or not. One of whose run the
-- partner was reminded meanwhile, though it was to be held back, is spoilt.
{%- from "fate" import fate %}
WITH {% include "whole_ticks" %},
over AS MATERIALIZED (
    SELECT c.*
    FROM trial_case AS c
    WHERE c.outcome IS NULL
        AND c.day >= %(since)s
        AND (SELECT count(*) FROM whole_tick AS t WHERE t.day > c.day) >= %(within)s
)
UPDATE trial_case AS c
SET outcome = CASE
    WHEN ended.held_back AND ended.again IS NOT NULL THEN 'spoilt'
    WHEN ended.by_the_shop THEN 'by_the_shop'
    WHEN ended.ticks <= %(within)s THEN 'moved'
    ELSE 'still_stuck'
END
FROM (SELECT f.*, fate.* FROM over AS f {{ fate("f") }}) AS ended
WHERE c.fortnight = ended.fortnight AND c.partner_id = ended.partner_id AND c.outcome IS NULL
RETURNING c.outcome

-- part: whole_ticks
-- The scheduled ticks since a moment, which looked at every run (one that was started by hand may have looked at a few); one a day.
whole_tick AS MATERIALIZED (
    SELECT DISTINCT ON (t.day) t.day, t.now
    FROM tick AS t
    WHERE t.dag_id = %(dag_id)s
        AND t.delivery = 'live'
        AND t.created_at BETWEEN %(since)s AND %(until)s
        AND t.planned IS NOT NULL
        AND t.dag_run_id LIKE 'scheduled\_\_%%'
    ORDER BY t.day, t.created_at
)

-- part: fate
{#- What became of a stall after a day: how many ticks later its run was found so no more, on which day its partner was reminded again
    before that, and whether the shop moved it (cancelled it, gave it to somebody else, sent it anew). A run that was not found because
    a threshold was changed, and is found again with the same clock, has not moved: the last finding counts. -#}
{%- macro fate(f) -%}
CROSS JOIN LATERAL (
        SELECT max(s.day) AS day
        FROM stuck_run AS s
        WHERE s.production_run_id = {{ f }}.production_run_id
            AND s.delivery = 'live'
            AND s.day >= {{ f }}.day
            AND (s.kind, s.partner_id, s.since) = ({{ f }}.kind, {{ f }}.partner_id, {{ f }}.since)
    ) AS last
    LEFT JOIN LATERAL (
        SELECT t.day, t.now FROM whole_tick AS t WHERE t.day > greatest(last.day, {{ f }}.day) ORDER BY t.day LIMIT 1
    ) AS gone ON true
    CROSS JOIN LATERAL (
        SELECT
            (SELECT count(*) FROM whole_tick AS t WHERE t.day > {{ f }}.day AND t.day <= gone.day) AS number,
            (
                SELECT min(r.day)
                FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
                WHERE r.production_run_id = {{ f }}.production_run_id
                    AND r.delivery = 'live'
                    AND r.day > {{ f }}.day
                    AND r.day <= last.day
                    AND r.message_kind IN ('reminder', 'digest')
                    AND m.partner_id = {{ f }}.partner_id
                    AND {% include "counts_as_reminded" %}
            ) AS again,
            gone.day IS NOT NULL AND (
                {{ f }}.production_run_id = ANY (%(taken_away)s)
                OR coalesce((
                    SELECT n.since <= gone.now AND (n.partner_id IS DISTINCT FROM {{ f }}.partner_id OR (n.kind = {{ f }}.kind AND n.kind <> 'idle'))
                    FROM stuck_run AS n
                    WHERE n.production_run_id = {{ f }}.production_run_id AND n.delivery = 'live' AND n.day > last.day
                    ORDER BY n.day, n.observed_at
                    LIMIT 1
                ), false)
                OR EXISTS (
                    SELECT FROM message_run AS er JOIN message_log AS e ON e.id = er.message_id
                    WHERE er.production_run_id = {{ f }}.production_run_id
                        AND er.delivery = 'live'
                        AND er.message_kind = 'event'
                        AND er.day BETWEEN {{ f }}.day AND gone.day
                        AND (
                            e.event_name = 'production_run.cancelled'
                            OR (e.event_name = 'production_run.sent_to_partner' AND e.partner_id IS DISTINCT FROM {{ f }}.partner_id)
                        )
                )
            ) AS by_the_shop
    ) AS seen
    CROSS JOIN LATERAL (SELECT seen.again, seen.by_the_shop, nullif(seen.number, 0) AS ticks) AS fate
{%- endmacro -%}

-- name: write_cases
-- Write down the cases that a tick adds to the comparison; of a partner the first one in a fortnight counts.
INSERT INTO trial_case (fortnight, partner_id, held_back, production_run_id, kind, since, day)
SELECT c.fortnight, c.partner_id, c.held_back, c.production_run_id, c.kind, c.since, %(day)s
FROM json_to_recordset(%(cases)s) AS c (
    fortnight date, partner_id text, held_back boolean, production_run_id text, kind text, since timestamptz
)
ORDER BY c.fortnight, c.partner_id
ON CONFLICT DO NOTHING

-- name: stood_before
-- Which of the runs that a DAG run found stuck have stood still before, elsewhere or by an earlier clock, or have a promise.
SELECT found.production_run_id
FROM stuck_run AS found
WHERE found.dag_run_id = %(dag_run_id)s
    AND (
        (
            -- (As in `days_reminded`, only the run is a condition.)
            SELECT bool_or(
                    other.delivery = %(delivery)s
                    AND other.day <= %(day)s
                    AND (other.kind, other.partner_id, other.since) IS DISTINCT FROM (found.kind, found.partner_id, found.since)
                )
            FROM stuck_run AS other
            WHERE other.production_run_id = found.production_run_id
        )
        OR EXISTS (SELECT FROM promise AS p WHERE p.production_run_id = found.production_run_id)
    )

-- name: days_held_back
-- On which days before this one the reminders of the runs that a DAG run found stuck were held back (control_group), in their present
-- stall.
SELECT found.production_run_id, array_agg(DISTINCT m.day ORDER BY m.day) AS days
FROM stuck_run AS found
    JOIN message_log AS m
        ON m.production_run_id = found.production_run_id
            AND m.status = 'skipped'
            AND m.skip_reason = 'control_group'
            AND m.delivery = %(delivery)s
            AND m.redirected = %(redirected)s
            AND m.day < %(day)s
            AND m.day >= (found.since AT TIME ZONE %(timezone)s)::date
            AND m.reminder_kind = found.kind
            AND m.partner_id IS NOT DISTINCT FROM found.partner_id
WHERE found.dag_run_id = %(dag_run_id)s
GROUP BY found.production_run_id

-- name: held_back_since
-- Since which day the reminders of a run were held back (control_group) in the stall in which a live tick found it last.
SELECT min(m.day) AS day
FROM (
        SELECT kind, partner_id, since
        FROM stuck_run
        WHERE production_run_id = %(run)s AND delivery = 'live'
        ORDER BY day DESC, observed_at DESC
        LIMIT 1
    ) AS s
    JOIN message_log AS m
        ON m.production_run_id = %(run)s
            AND m.status = 'skipped'
            AND m.skip_reason = 'control_group'
            AND m.delivery = 'live'
            AND m.reminder_kind = s.kind
            AND m.partner_id = s.partner_id
            AND m.day >= (s.since AT TIME ZONE %(timezone)s)::date

-- name: days_counted
-- How many of some days are counted, and since when the figures of the last one stand.
SELECT count(*) AS days, min(counted_at) FILTER (WHERE day = last) AS counted_at, min(last) AS last
FROM (SELECT day, counted_at, max(day) OVER () AS last FROM counted_day WHERE day BETWEEN %(first_day)s AND %(last_day)s) AS counted

-- name: counted_messages
-- The counts of some days' messages.
SELECT message_kind, status, skip_reason, error_code, heard, sum(messages)::int AS messages
FROM message_count
WHERE day BETWEEN %(first_day)s AND %(last_day)s AND (%(kind)s::text IS NULL OR reminder_kind = %(kind)s)
GROUP BY 1, 2, 3, 4, 5

-- name: counted_prices
-- What Meta says that it bills of some days' messages.
SELECT pricing_category, pricing_type, pricing_billable, sum(messages)::int AS messages
FROM message_count
WHERE day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(kind)s::text IS NULL OR reminder_kind = %(kind)s)
    AND status <> 'skipped'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: counted_moves
-- What became of the runs that were reminded of, and not due, on some days.
SELECT kind, number, hour, language, outcome, ticks, sum(runs)::int AS runs
FROM move_count
WHERE day BETWEEN %(first_day)s AND %(last_day)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
GROUP BY 1, 2, 3, 4, 5, 6

-- name: answers_by_intent
-- What was answered in a span of time, by what it asks for.
SELECT intent, count(*) AS answers
FROM answer
WHERE blanked IN (false, true) AND received_at >= %(since)s AND received_at < %(until)s
GROUP BY intent
ORDER BY answers DESC, intent

-- name: opt_outs_by_source
-- How many opt-outs, and how many taken back, were said in a span of time, by who said so.
SELECT value, source, count(DISTINCT coalesce(partner_id, dialled(phone))) AS partners
FROM partner_preference
WHERE kind = 'opted_out' AND value IN ('stop', 'start') AND at >= %(since)s AND at < %(until)s
GROUP BY value, source
ORDER BY value DESC, source

-- name: counted_cases
-- How the cases of the comparison came out.
SELECT held_back, outcome, count(*) AS cases
FROM trial_case
GROUP BY held_back, outcome

-- name: delete_counted_days
-- Delete the counts of the oldest days.
DELETE FROM counted_day
WHERE day = ANY (ARRAY (SELECT day FROM counted_day WHERE day < %(before)s::date ORDER BY day LIMIT %(at_most)s))
RETURNING day

-- name: delete_cases
-- Delete the oldest cases of the comparison.
DELETE FROM trial_case
WHERE ctid = ANY (ARRAY (SELECT ctid FROM trial_case WHERE day < %(before)s::date ORDER BY day LIMIT %(at_most)s))
RETURNING day
