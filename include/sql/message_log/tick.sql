-- name: lock_run
-- Let one task of a DAG run at a time write what the run found; locked until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(%(dag_run_id)s, 0))

-- name: start_tick
-- Note that a DAG run has passed its preflight.
INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, by_hand, awaits_approval)
VALUES (%(tick_id)s, %(dag_id)s, %(dag_run_id)s, %(delivery)s, %(day)s, %(now)s, %(by_hand)s, %(awaits_approval)s)

-- name: tick
-- What one tick inspected and how many messages it planned; null where planning did not get that far.
SELECT inspected, no_partner, planned FROM tick WHERE id = %(tick_id)s

-- name: note_counts
-- Note what a tick inspected and how many messages it planned.
UPDATE tick SET inspected = %(inspected)s, no_partner = %(no_partner)s, planned = %(planned)s WHERE id = %(tick_id)s

-- name: told_figures
-- What operations were told last of a DAG run, whichever pass of it that was.
SELECT told_figures
FROM tick
WHERE dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND told_figures IS NOT NULL
ORDER BY created_at DESC
LIMIT 1

-- name: note_summary_told
-- Note what operations were told of a tick.
UPDATE tick SET told_figures = %(figures)s WHERE id = %(tick_id)s

-- name: delete_ticks
-- Delete the oldest ticks.
DELETE FROM tick
WHERE id = ANY (ARRAY (SELECT id FROM tick WHERE created_at < %(before)s ORDER BY created_at LIMIT %(at_most)s))
RETURNING id
