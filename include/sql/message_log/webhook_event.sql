-- name: store
-- Keep a body as it came; of a repeated one only the times are counted.
INSERT INTO webhook_event AS e (sha256, body, spoken, may_be_stop, received_at)
VALUES (%(sha256)s, %(body)s, %(spoken)s, %(may_be_stop)s, %(received_at)s)
ON CONFLICT (sha256) DO UPDATE SET times_received = e.times_received + 1

-- name: take_pending
-- Take webhooks that are not applied yet, up to some number and size: those first that may say STOP, then those in which a partner
-- speaks. A larger one is taken alone, after the others of its sort. Those of another process are passed over. They are locked until the
-- end of the transaction. Whoever only heeds a STOP takes nothing else.
WITH words AS (
    SELECT id
    FROM webhook_event
    WHERE applied_at IS NULL AND spoken AND (may_be_stop OR NOT %(stops_alone)s)
    ORDER BY may_be_stop DESC, id
    LIMIT %(words_at_most)s
    FOR UPDATE SKIP LOCKED
),
other AS (
    SELECT id
    FROM webhook_event
    WHERE applied_at IS NULL AND NOT spoken AND NOT %(stops_alone)s
    ORDER BY id
    LIMIT %(at_most)s
    FOR UPDATE SKIP LOCKED
),
pending AS (
    SELECT id FROM words UNION ALL SELECT id FROM other
),
sized AS (
    SELECT e.id, e.body, e.received_at, row_number() OVER in_turn AS turn, sum(octet_length(e.body)) OVER in_turn AS size
    FROM webhook_event AS e JOIN pending ON pending.id = e.id
    WINDOW in_turn AS (ORDER BY e.spoken DESC, e.may_be_stop DESC, octet_length(e.body) > %(bytes)s, e.id)
)
SELECT id, body, received_at FROM sized WHERE size <= %(bytes)s OR turn = 1 ORDER BY turn

-- name: stop_waits
-- Whether something that may say STOP is stored and not applied yet.
SELECT EXISTS (SELECT FROM webhook_event WHERE applied_at IS NULL AND spoken AND may_be_stop) AS waits

-- name: lock_within
-- Wait for no lock longer than this, until the end of the transaction.
SELECT set_config('lock_timeout', %(milliseconds)s::text, true)

-- name: wait_for_stops
-- Wait until whoever applies something that may say STOP has done so.
SELECT id FROM webhook_event WHERE applied_at IS NULL AND spoken AND may_be_stop FOR NO KEY UPDATE

-- name: mark_applied
-- These webhooks are applied, but for the items that their errors name.
UPDATE webhook_event AS e
SET applied_at = %(now)s, errors = coalesce(a.errors, '[]')
FROM json_to_recordset(%(applied)s) AS a (id bigint, errors jsonb)
WHERE e.id = a.id

-- name: add_errors
-- What else became of the items of webhooks that are applied already.
UPDATE webhook_event AS e
SET errors = e.errors || a.errors, errors_told_at = NULL
FROM json_to_recordset(%(added)s) AS a (id bigint, errors jsonb)
WHERE e.id = a.id

-- name: let_wait
-- Keep statuses for which there is no message yet.
INSERT INTO waiting_status (event_id, wamid, row_id, said, received_at)
SELECT event_id, wamid, row_id, said, received_at
FROM json_to_recordset(%(statuses)s) AS s (event_id bigint, wamid text, row_id uuid, said jsonb, received_at timestamptz)

-- name: take_waiting
-- Take statuses whose message is there now. (Each is looked up by itself: few wait, and messages are many.)
SELECT w.id, w.event_id, w.said, w.received_at
FROM waiting_status AS w
    CROSS JOIN LATERAL (
        SELECT m.id FROM message_log AS m WHERE m.meta_message_id = w.wamid OR m.id = w.row_id LIMIT 1
    ) AS message
ORDER BY w.id
LIMIT %(at_most)s
FOR UPDATE OF w SKIP LOCKED

-- name: end_waiting
-- These statuses wait no more.
DELETE FROM waiting_status WHERE id = ANY (%(waiting_ids)s)

-- name: untold_webhook_errors
-- How many items of webhooks could not be applied and operations were not told of yet, by why, about how many messages, and how many errors
-- each of these webhooks has in all.
SELECT error ->> 'why' AS why, sum(coalesce((error ->> 'items')::bigint, 1))::bigint AS items,
    count(DISTINCT error ->> 'message_id') AS messages, max(error ->> 'message_id') AS message_id,
    jsonb_object_agg(e.id, jsonb_array_length(e.errors)) AS webhooks
FROM webhook_event AS e CROSS JOIN LATERAL jsonb_array_elements(e.errors) AS error
WHERE e.errors <> '[]' AND e.errors_told_at IS NULL AND NOT error ? 'told'
GROUP BY 1
ORDER BY 2 DESC, 1

-- name: note_webhook_errors_told
-- Operations were told of these kinds of errors of these webhooks: each such error is marked, but for those that have come since, which stand
-- behind. A webhook is told of when all of its errors are.
UPDATE webhook_event AS e
SET (errors, errors_told_at) = (
        SELECT
            jsonb_agg(CASE WHEN is_told THEN error || '{"told": true}' ELSE error END ORDER BY place),
            CASE WHEN bool_and(is_told) THEN %(now)s::timestamptz END
        FROM (
            SELECT error, place, error ? 'told' OR (place <= t.errors AND error ->> 'why' = ANY (t.whys)) AS is_told
            FROM jsonb_array_elements(e.errors) WITH ORDINALITY AS one (error, place)
        ) AS marked
    )
FROM (
    SELECT id, array_agg(why) AS whys, max(errors) AS errors
    FROM json_to_recordset(%(told)s) AS told (id bigint, why text, errors integer)
    GROUP BY id
) AS t
WHERE e.id = t.id AND e.errors_told_at IS NULL AND e.errors <> '[]'

-- name: delete_waiting_statuses
-- Delete the oldest statuses for which no message ever came: most are of messages that the shop has sent.
DELETE FROM waiting_status
WHERE id = ANY (ARRAY (
    SELECT id FROM waiting_status WHERE received_at < %(before)s ORDER BY received_at LIMIT %(at_most)s
))
RETURNING id

-- name: delete_webhook_events
-- Delete the oldest webhooks; what is not applied stays.
DELETE FROM webhook_event
WHERE id = ANY (ARRAY (
    SELECT id
    FROM webhook_event
    WHERE received_at < %(before)s AND applied_at IS NOT NULL
    ORDER BY received_at
    LIMIT %(at_most)s
))
RETURNING id
