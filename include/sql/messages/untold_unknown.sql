-- The messages that are unknown and for which this pass of a DAG run fails: its own; those for whose sake it has skipped something; and
-- (where it looks after the whole log) those that were claimed over an hour ago. Not those for which it failed in an earlier pass, nor
-- another run's for which any has failed.
SELECT m.id, m.dag_run_id
FROM message_log AS m
    CROSS JOIN LATERAL (SELECT m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s AS its_own) AS whose
WHERE m.status = 'unknown'
    AND (
        m.unknown_told_by IS NULL
        OR (m.unknown_told_by = %(dag_run_id)s AND m.unknown_told_in >= %(clear_number)s)
        OR (m.unknown_told_by <> %(dag_run_id)s AND its_own)
    )
    AND (
        its_own
        OR m.id IN (
            SELECT d.duplicate_of
            FROM message_log AS d
            WHERE d.dag_id = %(dag_id)s AND d.dag_run_id = %(dag_run_id)s AND d.tick_id = %(tick_id)s
        )
        OR (%(of_all)s AND m.claimed_at < clock_timestamp() - interval '1 hour')
    )
