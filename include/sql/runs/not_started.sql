-- Runs that were accepted and never started, by when they were accepted.
WITH {% include "runs/as_of_now.sql" %}
SELECT id, partner_id, design_id, accepted_at AS since, quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE partner_id IS NOT NULL
    AND bad_column IS NULL
    AND status IN ('sent_to_partner', 'in_progress')
    AND accepted_at < %(overdue_before)s
    AND started_at IS NULL
    AND finished_at IS NULL
{% with kind = "not_started" %}{% include "runs/bad_rows.sql" %}{% endwith %}
ORDER BY since, id
