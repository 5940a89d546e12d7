{#- The unfinished runs that seem to stand in a kind and hold what cannot be, with the latest moment that can. -#}
UNION ALL
SELECT
    id, partner_id, design_id, greatest(sent_at, accepted_at, started_at), quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE bad_column IS NOT NULL AND seems = '{{ kind }}' AND partner_id IS NOT NULL AND finished_at IS NULL
