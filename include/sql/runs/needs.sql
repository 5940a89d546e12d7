-- What these runs need before their partners can work on them, and what nobody can make sense of in their rows.
{%- from "runs/possible.sql" import bad_column %}
SELECT
    id, nullif(partner_id, '') AS partner_id, {{ bad_column() }} AS bad_column, {% include "runs/needs_columns.sql" %}
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s)
