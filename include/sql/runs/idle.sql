-- Runs that were started and are not finished, by when they were started.
WITH {% include "runs/as_of_now.sql" %}
SELECT id, partner_id, design_id, started_at AS since, quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE partner_id IS NOT NULL
    AND bad_column IS NULL
    AND status = 'in_progress'
    AND started_at < %(overdue_before)s
    AND finished_at IS NULL
{% with kind = "idle" %}{% include "runs/bad_rows.sql" %}{% endwith %}
ORDER BY since, id
