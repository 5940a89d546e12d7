-- name: forget_stuck
-- Forget what an earlier try of this DAG run found in one kind; runs that changed kind since then go too.
DELETE FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s AND (kind = %(kind)s OR production_run_id IN (SELECT json_array_elements_text(%(found_ids)s)))

-- name: record_stuck
-- Record what this DAG run found stuck in one kind.
INSERT INTO stuck_run (
    dag_run_id, production_run_id, kind, delivery, day, partner_id, design_id, since, quantity, produced_quantity, observed_at
)
SELECT
    %(dag_run_id)s, s.production_run_id, %(kind)s, %(delivery)s, %(day)s, s.partner_id, s.design_id, s.since, s.quantity,
    s.produced_quantity, %(observed_at)s
FROM json_to_recordset(%(stuck)s) AS s (
    production_run_id text, partner_id text, design_id text, since timestamptz, quantity real, produced_quantity real
)

-- name: found
-- How many runs a DAG run found stuck in each kind.
SELECT kind, count(*) AS found FROM stuck_run WHERE dag_run_id = %(dag_run_id)s GROUP BY kind

-- name: stuck_of_run
-- What a DAG run found stuck, oldest first.
SELECT production_run_id, kind, partner_id, design_id, since, quantity, produced_quantity
FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s
ORDER BY since, production_run_id

-- name: note_quantities
-- Note the produced quantities just read, of runs not seen before and where they changed. Two readers at once give a change the same
-- number, so that it is noted once; in the order of the run ids, so that they wait for each other instead of locking each other
-- out. No change is: a reading older than the one noted last, and a quantity that is gone (a correction, a fault; nobody's work).
INSERT INTO produced_quantity_seen (production_run_id, number, produced_quantity, now, observed_at)
SELECT r.production_run_id, coalesce(last.number, 0) + 1, r.produced_quantity, %(now)s, %(observed_at)s
FROM json_to_recordset(%(readings)s) AS r (production_run_id text, produced_quantity real)
    LEFT JOIN LATERAL (
        SELECT number, produced_quantity, observed_at
        FROM produced_quantity_seen AS seen
        WHERE seen.production_run_id = r.production_run_id
        ORDER BY number DESC
        LIMIT 1
    ) AS last ON true
WHERE last.number IS NULL
    OR (
        r.produced_quantity IS NOT NULL
        AND r.produced_quantity IS DISTINCT FROM last.produced_quantity
        AND last.observed_at <= %(observed_at)s
    )
ORDER BY r.production_run_id
ON CONFLICT DO NOTHING

-- name: quantity_changes
-- When the produced quantity of each run was last seen to change, as far as was known at now.
SELECT production_run_id, least(max(observed_at), %(now)s) AS changed_at
FROM produced_quantity_seen
WHERE production_run_id = ANY (%(production_run_ids)s) AND number > 1 AND now <= %(now)s
GROUP BY production_run_id

-- name: delete_stuck_runs
-- Delete the oldest of what DAG runs have found stuck.
DELETE FROM stuck_run
WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM stuck_run WHERE observed_at < %(before)s ORDER BY observed_at LIMIT %(at_most)s
))
RETURNING production_run_id

-- name: delete_quantities
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
