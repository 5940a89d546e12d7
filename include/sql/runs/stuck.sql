{#- The unfinished runs of partners that are stuck in a kind, and those that only seem to stand there, because their row holds what cannot
    be: with the latest moment that can. -#}
{%- macro stuck(kind, since, condition) -%}
SELECT
    id, partner_id, design_id,
    CASE WHEN bad_column IS NULL THEN {{ since }} ELSE greatest(sent_at, accepted_at, started_at) END AS since,
    quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE partner_id IS NOT NULL
    AND finished_at IS NULL
    AND CASE WHEN bad_column IS NULL THEN {{ condition }} AND {{ since }} < %(overdue_before)s ELSE seems = '{{ kind }}' END
ORDER BY since, id
{%- endmacro -%}
