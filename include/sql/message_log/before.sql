-- name: hold_tick
-- Hold a day's scheduled tick; who and why is kept in the audit.
WITH begun AS (
    INSERT INTO tick_hold (day, since, who, why) VALUES (%(day)s, %(now)s, %(who)s, %(why)s) ON CONFLICT DO NOTHING RETURNING day
)
INSERT INTO audit (at, who, why, act, subject)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, day::text FROM begun
RETURNING id

-- name: let_tick_go_on
-- End that a day's tick is held.
WITH ended AS (
    UPDATE tick_hold SET ended_at = %(now)s, ended_by = %(who)s WHERE day = %(day)s AND ended_at IS NULL RETURNING day
)
INSERT INTO audit (at, who, why, act, subject)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, day::text FROM ended
RETURNING id

-- name: standing_holds
-- The days of a span whose tick is held, or was to their end.
SELECT day, since, who, why FROM tick_hold WHERE ended_at IS NULL AND day BETWEEN %(first_day)s AND %(last_day)s ORDER BY day

-- name: approve
-- Write down that somebody has seen what a day's tick would send; who and why is kept in the audit.
WITH approved AS (
    INSERT INTO approval (day, at, who, why, seen) VALUES (%(day)s, %(now)s, %(who)s, %(why)s, %(seen)s) RETURNING day, seen
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, day::text, jsonb_build_object('messages', cardinality(seen)) FROM approved
RETURNING id

-- name: approvals_of
-- What was approved of a day's tick, the first one first.
SELECT at, who, why, seen FROM approval WHERE day = %(day)s ORDER BY at, id

-- name: scheduled_tick
-- The last pass of a day's scheduled tick that has planned.
SELECT id, dag_id, dag_run_id, awaits_approval, created_at
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = 'live' AND day = %(day)s AND created_at >= %(since)s AND NOT by_hand AND planned IS NOT NULL
ORDER BY created_at DESC
LIMIT 1

-- name: waiting_messages
-- What is queued for a tick, as it would be sent.
SELECT
    m.id, m.message_kind, m.reminder_kind, m.event_name, m.production_run_id, m.partner_id, m.sender, m.to_phone, m.language, m.template_name,
    m.body_text, m.not_before, m.variables, m.image_url,
    (SELECT array_agg(r.production_run_id ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id) AS production_run_ids
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s AND m.tick_id = %(tick_id)s AND m.status = 'queued' AND m.message_kind <> 'followup'
ORDER BY m.partner_id, m.context_id

-- part: held_by
-- Who held the day's tick of a message that was kept back by that.
(
    SELECT h.who || ': ' || h.why
    FROM tick_hold AS h
    WHERE m.skip_reason = 'held' AND h.day = m.day
    ORDER BY h.since DESC
    LIMIT 1
)

-- name: await_no_more
-- Let a tick's messages be claimed.
UPDATE tick SET awaits_approval = false WHERE id = %(tick_id)s

-- name: why_tick_waits
-- Whether a tick waits for approval, and who holds its day's tick, where it is held with that.
SELECT t.awaits_approval, h.who, h.why, h.since
FROM tick AS t LEFT JOIN tick_hold AS h ON h.day = %(day)s AND h.ended_at IS NULL AND NOT t.by_hand
WHERE t.id = %(tick_id)s

-- name: delete_tick_holds
-- Delete the oldest holds.
DELETE FROM tick_hold
WHERE id = ANY (ARRAY (SELECT id FROM tick_hold WHERE day < %(before)s::date ORDER BY day LIMIT %(at_most)s))
RETURNING id

-- name: delete_approvals
-- Delete the oldest approvals.
DELETE FROM approval
WHERE id = ANY (ARRAY (SELECT id FROM approval WHERE day < %(before)s::date ORDER BY day LIMIT %(at_most)s))
RETURNING id

-- part: is_kept_back
-- Whether a message waits for somebody: its tick for approval, or, as a reminder that no event has asked for, its day's tick for whoever holds
-- it. What somebody has triggered by hand waits for nobody.
EXISTS (
    SELECT
    FROM tick AS t
    WHERE t.id = message_log.tick_id
        AND (
            t.awaits_approval
            OR (
                NOT t.by_hand
                AND message_log.message_kind IN ('reminder', 'digest')
                AND message_log.event_name IS NULL
                AND EXISTS (SELECT FROM tick_hold AS h WHERE h.day = message_log.day AND h.ended_at IS NULL)
            )
        )
)
