-- The runs with these ids that are not deleted, as they stand now.
{%- from "runs/possible.sql" import bad_column %}
SELECT
    id, status, nullif(partner_id, '') AS partner_id,
    {{ "nullif(previous_partner_id, '')" if has_previous_partner_id else "NULL" }} AS previous_partner_id,
    design_id, quantity, produced_quantity, accepted_at, finished_at, cancelled_reason,
    {{ bad_column() }} AS bad_column
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s) AND deleted_at IS NULL
