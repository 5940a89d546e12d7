-- The active runs as they stood at now: CTEs that every query of this folder begins with.
--
-- The only scan of the whole table, kept to rows that can have been active: most runs of an old shop are long over. Materialized,
-- so that PostgreSQL reads no column of the others beyond the ones this condition names. Whoever asks for one kind of them says by
-- `stands`, in the row's own columns, where a run of that kind stands or seems to stand.
{%- from "runs/possible.sql" import bad_column, fitting, moment, pieces %}
candidate AS MATERIALIZED (
    SELECT
        id, partner_id, design_id, quantity, produced_quantity, status, created_at, dispatch_completed_at, accepted_at, started_at,
        finished_at, completed_at, cancelled_at, deleted_at, {% include "runs/needs_columns.sql" %},
        {{ bad_column() }} AS bad_column
    FROM {{ production_runs }}
    WHERE (status IN ('sent_to_partner', 'in_progress') OR completed_at > %(now)s OR cancelled_at > %(now)s)
        {%- if stands is defined %}
        AND {{ stands }}
        {%- endif %}
        AND (%(partner_ids)s::text[] IS NULL OR partner_id = ANY (%(partner_ids)s))
        AND (%(production_run_ids)s::text[] IS NULL OR id = ANY (%(production_run_ids)s))
),
-- What cannot be is taken out, or an id replaced. Materialized, so that each column is judged once.
judged AS MATERIALIZED (
    SELECT
        CASE WHEN bad_column IS NULL THEN id ELSE {{ fitting("id") }} END AS id,
        CASE WHEN bad_column IS NULL THEN nullif(partner_id, '') ELSE {{ fitting("nullif(partner_id, '')") }} END AS partner_id,
        design_id, status, deleted_at, inventory_orders, runs, bad_column,
        -- Where a run with a bad column seems to stand.
        CASE WHEN started_at IS NOT NULL THEN 'idle' WHEN accepted_at IS NOT NULL THEN 'not_started' ELSE 'assignment_pending' END AS seems,
        coalesce({{ moment("created_at") }}, '2000-01-01') AS created_at,
        {%- for column in ("dispatch_completed_at", "accepted_at", "started_at", "finished_at", "completed_at", "cancelled_at") %}
        {{ moment(column) }} AS {{ column }},
        {%- endfor %}
        {{ pieces("quantity") }} AS quantity,
        {{ pieces("produced_quantity") }} AS produced_quantity
    FROM candidate
),
-- Timestamps after now count as null, runs created after now do not exist, and a status reached only after now is wound back:
-- completed or cancelled to where the run stood before, in_progress to sent_to_partner where it was accepted later.
wound_back AS (
    SELECT
        id, partner_id, design_id, quantity, produced_quantity, inventory_orders, runs, bad_column, seems,
        CASE
            WHEN (status = 'completed' AND completed_at > %(now)s) OR (status = 'cancelled' AND cancelled_at > %(now)s)
                THEN CASE WHEN accepted_at <= %(now)s OR started_at <= %(now)s THEN 'in_progress' ELSE 'sent_to_partner' END
            WHEN status = 'in_progress' AND accepted_at > %(now)s THEN 'sent_to_partner'
            ELSE status
        END AS status,
        greatest(created_at, CASE WHEN dispatch_completed_at <= %(now)s THEN dispatch_completed_at END) AS sent_at,
        CASE WHEN accepted_at <= %(now)s THEN accepted_at END AS accepted_at,
        CASE WHEN started_at <= %(now)s THEN started_at END AS started_at,
        CASE WHEN finished_at <= %(now)s THEN finished_at END AS finished_at
    FROM judged
    WHERE deleted_at IS NULL AND created_at <= %(now)s
),
active AS (
    SELECT * FROM wound_back WHERE status IN ('sent_to_partner', 'in_progress')
)
