{{ "nullif(depends_on_inventory_order_ids::text, '[]')" if has_inventory_orders else "NULL::text" }} AS inventory_orders,
{{ "nullif(depends_on_run_ids::text, '[]')" if has_run_dependencies else "NULL::text" }} AS runs
{#- -#}
