-- Delete the stops of senders that were lifted longest ago.
DELETE FROM sender_stop
WHERE id = ANY (ARRAY (SELECT id FROM sender_stop WHERE lifted_at < %(before)s ORDER BY lifted_at LIMIT %(at_most)s))
RETURNING id
