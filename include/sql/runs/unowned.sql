-- The runs that nobody has, and since when: those that are parked as they are marked now, and the active ones without a partner.
-- A parent run that was split has no partner either: its children have it, if they were not deleted.
-- A time that cannot be is none: it hides no run.
{%- from "runs/possible.sql" import fitting, moment %}
WITH {% include "runs/as_of_now.sql" %},
unowned AS (
    SELECT
        {{ fitting("id") }} AS id, {{ fitting("nullif(partner_id, '')") }} AS partner_id,
        greatest(
            coalesce({{ moment("created_at") }}, '2000-01-01'), {{ moment("dispatch_completed_at") }}, {{ moment("accepted_at") }},
            {{ moment("started_at") }}
        ) AS moved_at
    FROM {{ production_runs }}
    WHERE status = 'awaiting_reassignment'
        AND deleted_at IS NULL
        AND coalesce({{ moment("created_at") }}, '2000-01-01') <= %(now)s
        AND (%(partner_ids)s::text[] IS NULL OR partner_id = ANY (%(partner_ids)s))
        AND (%(production_run_ids)s::text[] IS NULL OR id = ANY (%(production_run_ids)s))
    UNION ALL
    SELECT id, partner_id, greatest(sent_at, accepted_at, started_at)
    FROM active
    WHERE partner_id IS NULL
        AND NOT EXISTS (
            SELECT FROM {{ production_runs }} AS child
            WHERE child.parent_run_id = active.id AND child.deleted_at IS NULL AND coalesce({{ moment("child.created_at") }}, '2000-01-01') <= %(now)s
        )
)
{%- if has_activity %},
parked AS (
    SELECT production_run_id, max(occurred_at) FILTER (WHERE occurred_at <= %(now)s) AS parked_at
    FROM {{ production_run_activity }}
    WHERE kind = 'reassignment_needed'
        AND deleted_at IS NULL
        AND production_run_id IN (SELECT id FROM unowned)
        AND ({{ moment("occurred_at") }}) IS NOT NULL
    GROUP BY production_run_id
)
-- One that is known to have been parked only after now was not parked then; one that moved since it was parked was parked again.
SELECT u.id, u.partner_id, least(greatest(p.parked_at, u.moved_at), %(now)s) AS since
FROM unowned AS u LEFT JOIN parked AS p ON p.production_run_id = u.id
WHERE p.production_run_id IS NULL OR p.parked_at IS NOT NULL
{%- else %}
SELECT id, partner_id, least(moved_at, %(now)s) AS since
FROM unowned
{%- endif %}
ORDER BY since, id
