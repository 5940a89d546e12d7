-- Delete the produced quantities of runs that have not changed since: most are finished, and for one that is not, nothing but its start
-- is work that is so long ago. The oldest first, so that what is left of a run is what was seen last.
DELETE FROM produced_quantity_seen
WHERE ctid = ANY (ARRAY (
    SELECT ctid
    FROM produced_quantity_seen AS seen
    WHERE observed_at < %(before)s
        AND (
            SELECT max(last.observed_at) FROM produced_quantity_seen AS last WHERE last.production_run_id = seen.production_run_id
        ) < %(before)s
    ORDER BY observed_at, number
    LIMIT %(at_most)s
))
RETURNING production_run_id
