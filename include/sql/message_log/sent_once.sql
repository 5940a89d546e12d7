-- name: earlier
-- What a key has stood for, and whether that may still be under way; it is kept for longer now that somebody has asked.
UPDATE sent_once
SET asked_at = now()
WHERE key = %(key)s
RETURNING recipient, tracking_id, task, let_go_at, outcome, outcome IS NULL AND let_go_at > now() - %(lease)s::interval AS under_way

-- name: take_key
-- Take a key for the one request that leaves next; nothing where somebody has it.
INSERT INTO sent_once (key, recipient, tracking_id, task, let_go_at, asked_at)
VALUES (%(key)s, %(recipient)s, %(tracking_id)s, %(task)s, now(), now())
ON CONFLICT DO NOTHING
RETURNING key

-- name: settle_once
-- Write down what became of the request.
UPDATE sent_once SET outcome = %(became)s WHERE key = %(key)s AND outcome IS NULL

-- name: give_back_key
-- Free a key whose message Meta has certainly not taken.
DELETE FROM sent_once WHERE key = %(key)s AND outcome IS NULL

-- name: delete_keys
-- Delete the keys that nobody has asked for since long.
DELETE FROM sent_once
WHERE key = ANY (ARRAY (SELECT key FROM sent_once WHERE asked_at < %(before)s ORDER BY asked_at LIMIT %(at_most)s))
RETURNING key
