-- Open again what dry runs of later days than this moment's have ended; of several for a run the last one.
UPDATE escalation
SET over_at = NULL, closed_at = NULL, closed_by = NULL, closed_why = NULL
WHERE id IN (
        SELECT DISTINCT ON (production_run_id) id
        FROM escalation
        WHERE delivery = 'dry_run' AND over_at > %(now)s
        ORDER BY production_run_id, opened_at DESC, id
    )
    AND NOT EXISTS (
        SELECT FROM escalation AS other
        WHERE other.delivery = 'dry_run'
            AND other.production_run_id = escalation.production_run_id
            AND other.closed_at IS NULL
    )
