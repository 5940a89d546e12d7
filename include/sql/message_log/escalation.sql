-- name: standing_escalations
-- A delivery's escalations that are not over, and those that a later tick than this moment's has ended; oldest stall first.
SELECT id, production_run_id, kind, partner_id, reason, since, opened_at, told_on, closed_at, over_at
FROM escalation
WHERE delivery = %(delivery)s AND (over_at IS NULL OR over_at > %(now)s)
ORDER BY since, production_run_id, id

-- name: open_escalations
-- Open escalations; a run that has an open one for that reason, by whomever, gets no second. Of a stall of which operations were told for a reason
-- that asks for the same act, they are told again when that one's time is up.
INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at, told_on)
SELECT t.id, %(delivery)s, t.production_run_id, t.kind, t.partner_id, t.reason, t.since, %(dag_run_id)s, %(now)s, before.told_on
FROM json_to_recordset(%(troubles)s) AS t (
        id uuid, production_run_id text, kind text, partner_id text, reason text, since timestamptz, same_act text[]
    )
    CROSS JOIN LATERAL (
        SELECT max(e.told_on) AS told_on
        FROM escalation AS e
        WHERE e.delivery = %(delivery)s
            AND e.production_run_id = t.production_run_id
            AND (e.kind, e.partner_id) IS NOT DISTINCT FROM (t.kind, t.partner_id)
            AND e.since = t.since
            AND e.reason = ANY (t.same_act)
    ) AS before
ORDER BY t.production_run_id
ON CONFLICT (delivery, production_run_id, reason) WHERE closed_at IS NULL DO NOTHING
RETURNING id

-- name: open_undecided
-- Open an escalation for each partner whose runs a tick has left alone for what sounds like STOP, where none is open for them: what they wrote
-- may have been heard when there was no message of ours to open one for.
INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at, answer_id)
SELECT DISTINCT ON (m.partner_id)
    gen_random_uuid(), m.delivery, s.production_run_id, s.kind, m.partner_id, 'maybe_opt_out', s.since, m.dag_run_id, %(now)s,
    (
        SELECT a.id
        FROM answer AS a
        WHERE dialled(a.phone) = dialled(m.to_phone) AND a.intent = 'maybe_stop'
        ORDER BY a.received_at DESC
        LIMIT 1
    )
FROM message_log AS m
    LEFT JOIN message_run AS r ON r.message_id = m.id
    JOIN stuck_run AS s ON s.dag_run_id = m.dag_run_id AND s.production_run_id = coalesce(r.production_run_id, m.production_run_id)
WHERE m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND m.tick_id = %(tick_id)s
    AND m.delivery = 'live'
    AND m.skip_reason = 'answered'
    AND {% include "may_say_stop" %}
    AND NOT EXISTS (
        SELECT FROM escalation AS e
        WHERE e.delivery = m.delivery AND e.partner_id = m.partner_id AND e.reason = 'maybe_opt_out' AND e.closed_at IS NULL
    )
ORDER BY m.partner_id, s.since, s.production_run_id
ON CONFLICT (delivery, production_run_id, reason) WHERE closed_at IS NULL DO NOTHING
RETURNING id

-- name: end_escalations
-- Escalations that no longer hold are over; who has closed one by hand before stays named.
UPDATE escalation AS e
SET
    over_at = %(now)s, closed_at = coalesce(e.closed_at, %(now)s), closed_by = coalesce(e.closed_by, %(by)s),
    closed_why = coalesce(e.closed_why, o.why)
FROM json_to_recordset(%(over)s) AS o (id uuid, why text)
WHERE e.id = o.id AND e.over_at IS NULL
RETURNING e.id

-- name: open_work
-- What needs a person and is open, by reason and by who has taken it on.
SELECT reason, assigned_to, count(*) AS items
FROM escalation
WHERE delivery = 'live' AND closed_at IS NULL
GROUP BY 1, 2
ORDER BY 1, 2

-- name: close_escalation
-- Close a run's open escalations by hand (what sounds like STOP is decided, and not closed); one that the same person has closed before for the same reason, in a try whose answer was
-- lost, counts too.
WITH closed AS (
    UPDATE escalation
    SET closed_at = %(now)s, closed_by = %(by)s, closed_why = %(why)s
    WHERE delivery = 'live' AND production_run_id = %(production_run_id)s AND closed_at IS NULL AND reason <> 'maybe_opt_out'
    RETURNING reason
)
SELECT reason FROM closed
UNION ALL
SELECT reason
FROM escalation
WHERE delivery = 'live'
    AND production_run_id = %(production_run_id)s
    AND closed_by = %(by)s
    AND closed_why = %(why)s
    AND over_at IS NULL

-- name: telling
-- Let one process at a time tell operations of something, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('partner_messages telling', 0))

-- name: untold_escalations
-- The open escalations that operations are to be told of on a day, locked so that nobody else tells of them meanwhile; with what the
-- partner's number may mean, where it does not say so itself.
SELECT
    e.id, e.production_run_id, e.kind, e.partner_id, e.reason, e.since, e.opened_at, e.told_on, e.closed_at, e.over_at,
    CASE e.reason
        WHEN 'ambiguous_phone' THEN (
            SELECT m.variables ->> 'readings'
            FROM message_log AS m
            WHERE m.partner_id = e.partner_id AND m.skip_reason = 'ambiguous_phone'
            ORDER BY m.day DESC, m.created_at DESC
            LIMIT 1
        )
    END AS readings,
    a.text || CASE WHEN a.edited THEN ' (edited)' ELSE '' END AS said_words, {% include "runs_beside" %} AS others
FROM escalation AS e LEFT JOIN answer AS a ON a.id = e.answer_id
WHERE e.delivery = 'live'
    AND e.closed_at IS NULL
    AND (
        e.told_on IS NULL
        OR e.told_on <= %(told_before)s
        OR (e.told_on < %(day)s AND e.reason = ANY (%(told_each_day)s))
    )
    AND (%(only)s::text[] IS NULL OR (e.reason = ANY (%(only)s) AND e.told_on IS NULL))
ORDER BY e.reason <> 'maybe_opt_out', e.since, e.production_run_id, e.id
FOR UPDATE OF e

-- part: runs_beside
-- The other runs of the message whose answer opened an escalation, as one of a digest's is called for all. (Where the answer came too late to
-- be kept with a message, it is the last one about the run to that phone. Of broken promises each run has a row of its own.)
(
    SELECT array_agg(r.production_run_id ORDER BY r.production_run_id)
    FROM answer AS said
        JOIN message_run AS r ON r.message_id = coalesce(
            said.message_id,
            (
                SELECT m.id
                FROM message_run AS mr JOIN message_log AS m ON m.id = mr.message_id
                WHERE mr.production_run_id = e.production_run_id
                    AND mr.delivery = 'live'
                    AND dialled(m.to_phone) = dialled(said.phone)
                    AND m.claimed_at <= e.opened_at
                ORDER BY m.claimed_at DESC
                LIMIT 1
            )
        )
    WHERE said.id = e.answer_id AND r.production_run_id <> e.production_run_id AND e.reason <> 'broken_promise'
)

-- name: note_told
-- Operations were told of these escalations.
UPDATE escalation SET told_on = %(day)s WHERE id = ANY (%(ids)s)

-- name: forget_rehearsed_escalations
-- Forget what dry runs of later days than this moment's have opened: a dry run of an earlier day begins where things stood then.
DELETE FROM escalation WHERE delivery = 'dry_run' AND opened_at > %(now)s

-- name: reopen_rehearsed_escalations
-- Open again what dry runs of later days than this moment's have ended; of several for a run the last one.
UPDATE escalation
SET over_at = NULL, closed_at = NULL, closed_by = NULL, closed_why = NULL
WHERE id IN (
        SELECT DISTINCT ON (production_run_id) id
        FROM escalation
        WHERE delivery = 'dry_run' AND over_at > %(now)s
        ORDER BY production_run_id, opened_at DESC, id
    )
    AND NOT EXISTS (
        SELECT FROM escalation AS other
        WHERE other.delivery = 'dry_run'
            AND other.production_run_id = escalation.production_run_id
            AND other.closed_at IS NULL
    )

-- name: delete_escalations
-- Delete the escalations that have been over longest; what somebody has closed and what still holds stays.
DELETE FROM escalation
WHERE id = ANY (ARRAY (
    SELECT id
    FROM escalation
    WHERE delivery IN ('live', 'redirect', 'dry_run') AND over_at < %(before)s
    ORDER BY over_at
    LIMIT %(at_most)s
))
RETURNING id
