-- Delete the oldest of what DAG runs have found stuck.
DELETE FROM stuck_run
WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM stuck_run WHERE observed_at < %(before)s ORDER BY observed_at LIMIT %(at_most)s
))
RETURNING production_run_id
