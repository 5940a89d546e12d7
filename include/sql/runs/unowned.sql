-- The runs that nobody has, and since when: those that are parked as they are marked now, and the active ones without a partner.
-- A parent run that was split has no partner either: its children have it, if they were not deleted.
WITH {% include "runs/as_of_now.sql" %},
unowned AS (
    SELECT id, nullif(partner_id, '') AS partner_id, greatest(created_at, dispatch_completed_at, accepted_at, started_at) AS moved_at
    FROM {{ production_runs }}
    WHERE status = 'awaiting_reassignment'
        AND deleted_at IS NULL
        AND created_at <= %(now)s
        AND (%(partner_ids)s::text[] IS NULL OR partner_id = ANY (%(partner_ids)s))
        AND (%(production_run_ids)s::text[] IS NULL OR id = ANY (%(production_run_ids)s))
    UNION ALL
    SELECT id, partner_id, greatest(sent_at, accepted_at, started_at)
    FROM active
    WHERE partner_id IS NULL
        AND NOT EXISTS (
            SELECT FROM {{ production_runs }} AS child
            WHERE child.parent_run_id = active.id AND child.deleted_at IS NULL AND child.created_at <= %(now)s
        )
)
{%- if has_activity %},
parked AS (
    SELECT production_run_id, max(occurred_at) FILTER (WHERE occurred_at <= %(now)s) AS parked_at
    FROM {{ production_run_activity }}
    WHERE kind = 'reassignment_needed' AND deleted_at IS NULL AND production_run_id IN (SELECT id FROM unowned)
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
