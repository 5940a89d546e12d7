-- Delete the oldest of what never left: skips, and all of a dry run.
DELETE FROM message_log
WHERE id = ANY (ARRAY (
    SELECT id
    FROM message_log
    WHERE (status = 'skipped' OR delivery = 'dry_run') AND created_at < %(before)s
    ORDER BY created_at
    LIMIT %(at_most)s
))
RETURNING id
