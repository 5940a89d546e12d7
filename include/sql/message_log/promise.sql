-- name: open_promises
-- The open promises of these runs.
SELECT id, production_run_id, partner_id, kind, since, due_on, state, made_at, source
FROM promise
WHERE state = 'open' AND (%(production_run_ids)s::text[] IS NULL OR production_run_id = ANY (%(production_run_ids)s))
ORDER BY made_at, production_run_id

-- name: broken_promises
-- How many promises of these runs' partners were broken since a moment, by run: of one stall there are two at most.
SELECT p.production_run_id, p.partner_id, p.kind, p.since, p.due_on, p.made_at, p.ended_at
FROM promise AS p
WHERE p.state = 'broken' AND (%(production_run_ids)s::text[] IS NULL OR p.production_run_id = ANY (%(production_run_ids)s))
ORDER BY p.made_at

-- name: withdraw_promise
-- End the open promises of these runs (of one partner, or of all) before their day; what was said after that moment stands, in whatever
-- order it came.
UPDATE promise
SET state = 'withdrawn', ended_at = %(now)s, ended_why = %(why)s
WHERE state = 'open'
    AND production_run_id = ANY (%(production_run_ids)s)
    AND (%(of_partner)s::text IS NULL OR partner_id = %(of_partner)s)
    AND made_at <= %(now)s
RETURNING id

-- name: make_promise
-- Write down a promise; another one that is open for the run was withdrawn before. It is withdrawn at once where the run has a later promise, or
-- its partner has asked for help after it.
WITH later AS (
    SELECT made_at AS at, %(replaced)s::text AS why
    FROM promise
    WHERE production_run_id = %(production_run_id)s AND made_at > %(now)s
    UNION ALL
    SELECT opened_at, %(help)s::text
    FROM escalation
    WHERE production_run_id = %(production_run_id)s
        AND delivery = 'live'
        AND reason = 'asked_for_help'
        AND coalesce(partner_id, '') = %(partner_id)s
        AND opened_at > %(now)s
    UNION ALL
    -- Help on a digest calls a person for one of its runs, and help that is asked for again calls none.
    SELECT a.received_at, %(help)s::text
    FROM message_run AS r JOIN answer AS a ON a.message_id = r.message_id
    WHERE r.production_run_id = %(production_run_id)s
        AND r.delivery = 'live'
        AND a.became = 'asked_for_help'
        AND coalesce(a.partner_id, '') = %(partner_id)s
        AND a.received_at > %(now)s
    ORDER BY at
    LIMIT 1
)
INSERT INTO promise (
    id, production_run_id, partner_id, kind, since, due_on, made_at, source, message_id, who, why, state, ended_at, ended_why
)
SELECT
    gen_random_uuid(), %(production_run_id)s, %(partner_id)s, %(kind)s, %(since)s, %(due_on)s, %(now)s, %(source)s, %(message_id)s,
    %(who)s, %(why)s, CASE WHEN later.at IS NULL THEN 'open' ELSE 'withdrawn' END, later.at, later.why
FROM (VALUES (1)) AS one LEFT JOIN later ON true
ON CONFLICT DO NOTHING
RETURNING state

-- name: say_again
-- What is promised of these runs was said again: what came between and is heard later does not count any more.
UPDATE promise
SET made_at = %(now)s
WHERE state = 'open' AND production_run_id = ANY (%(production_run_ids)s) AND made_at < %(now)s
RETURNING id

-- name: broken_at
-- The promises that the tick of a moment has found broken.
SELECT id, production_run_id, partner_id, kind, since, due_on, state, made_at, source
FROM promise
WHERE state = 'broken' AND ended_at = %(now)s
ORDER BY made_at, production_run_id

-- name: end_promises
-- End promises, each as it has come out.
UPDATE promise AS p
SET state = e.state, ended_at = %(now)s, ended_why = e.why
FROM json_to_recordset(%(ends)s) AS e (id uuid, state text, why text)
WHERE p.id = e.id AND p.state = 'open'
RETURNING p.id

-- name: last_stall
-- Where a run was last found stuck by a live tick.
SELECT production_run_id, kind, partner_id, since
FROM stuck_run
WHERE production_run_id = %(production_run_id)s AND delivery = 'live'
ORDER BY day DESC, observed_at DESC
LIMIT 1

-- name: note_promise
-- Note in the audit who has entered a promise, and why.
INSERT INTO audit (at, who, why, act, subject, detail)
VALUES (%(now)s, %(who)s, %(why)s, %(act)s, %(production_run_id)s, jsonb_build_object('due_on', %(due_on)s::date))

-- name: delete_promises
-- Delete the oldest promises; what is open stays.
DELETE FROM promise
WHERE id = ANY (ARRAY (
    SELECT id FROM promise WHERE state <> 'open' AND made_at < %(before)s ORDER BY made_at LIMIT %(at_most)s
))
RETURNING id
