-- The runs that were started more than three days before the tick and are not finished, whose partners have logged since then what
-- they used up.
SELECT run.id AS production_run_id, partner.name, run.started_at, max(log.consumed_at) AS logged_at
FROM production_runs AS run
JOIN partner ON partner.id = run.partner_id
JOIN consumption_log AS log ON coalesce(log.production_run_id, log.metadata ->> 'production_run_id') = run.id
WHERE run.status = 'in_progress'
    AND run.finished_at IS NULL
    AND run.started_at < %(tick)s - interval '72 hours'
    AND log.consumed_by = 'partner'
    AND log.deleted_at IS NULL
    AND log.consumed_at BETWEEN %(tick)s - interval '72 hours' AND %(tick)s
GROUP BY run.id, partner.name, run.started_at
ORDER BY run.id;
