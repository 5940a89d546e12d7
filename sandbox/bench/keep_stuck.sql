-- Let no more than so many runs be stuck.
DELETE FROM production_runs
WHERE id IN (
    SELECT id
    FROM production_runs
    WHERE status IN ('sent_to_partner', 'in_progress') AND created_at < now() - interval '5 days'
    ORDER BY id
    OFFSET %(keep)s
)
