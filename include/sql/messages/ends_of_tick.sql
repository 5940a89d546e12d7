-- What became of each run's reminder in a tick: the status of its message, or the reason it was skipped for.
SELECT DISTINCT ON (production_run_id) production_run_id, said
FROM (
    SELECT coalesce(r.production_run_id, m.production_run_id) AS production_run_id, coalesce(m.skip_reason, m.status) AS said,
        m.created_at, m.id
    FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE m.dag_id = %(dag_id)s
        AND m.dag_run_id = %(dag_run_id)s
        AND m.tick_id = %(tick_id)s
        AND m.message_kind IN ('reminder', 'digest')
) AS ended
WHERE production_run_id IS NOT NULL
ORDER BY production_run_id, created_at DESC, id
