-- Delete the oldest ticks.
DELETE FROM tick
WHERE id = ANY (ARRAY (SELECT id FROM tick WHERE created_at < %(before)s ORDER BY created_at LIMIT %(at_most)s))
RETURNING id
