-- Runs that were sent to a partner and never accepted, by when the partner got them.
WITH {% include "runs/as_of_now.sql" %}
SELECT id, partner_id, design_id, sent_at AS since, quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE partner_id IS NOT NULL
    AND bad_column IS NULL
    AND status = 'sent_to_partner'
    AND accepted_at IS NULL
    AND finished_at IS NULL
    AND sent_at < %(overdue_before)s
{% with kind = "assignment_pending" %}{% include "runs/bad_rows.sql" %}{% endwith %}
ORDER BY since, id
