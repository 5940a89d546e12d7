-- Runs that were started and are not finished, by when they were started.
WITH {% include "runs/as_of_now.sql" %}
SELECT id, partner_id, design_id, started_at AS since, quantity, produced_quantity
FROM active
WHERE partner_id IS NOT NULL
    AND status = 'in_progress'
    AND started_at < %(overdue_before)s
    AND finished_at IS NULL
ORDER BY since, id
