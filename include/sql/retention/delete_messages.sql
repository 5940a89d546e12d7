-- Delete the oldest messages, which were blanked before; what follows one, and the duplicates that name it, go with it.
DELETE FROM message_log
WHERE id = ANY (ARRAY (SELECT id FROM message_log WHERE blanked AND created_at < %(before)s ORDER BY created_at LIMIT %(at_most)s))
RETURNING id
