-- How many runs are active at all, and which of them have no partner to remind.
WITH {% include "runs/as_of_now.sql" %}
SELECT count(*) AS inspected, coalesce(array_agg(id ORDER BY id) FILTER (WHERE partner_id IS NULL), '{}') AS without_partner
FROM active
