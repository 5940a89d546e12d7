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
