-- The runs that others need, deleted ones too: what they need themselves, and when they ended.
SELECT
    id, nullif(partner_id, '') AS partner_id, status, least(finished_at, completed_at, cancelled_at) AS ended_at,
    deleted_at IS NOT NULL AS deleted, {% include "runs/needs_columns.sql" %}
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s)
