-- When the partner who has each of these runs last entered something in its activity, at or before now. What the shop's own flows
-- and its people enter is no work of the partner's, and neither is a reminder, whoever it is put down to.
SELECT of_run.production_run_id, max(a.occurred_at) AS entered_at
FROM unnest(%(production_run_ids)s::text[], %(partner_ids)s::text[]) AS of_run (production_run_id, partner_id)
    JOIN {{ production_run_activity }} AS a ON a.production_run_id = of_run.production_run_id
WHERE a.actor_type = 'partner'
    AND a.activity_type NOT IN ('reminder_sent', 'system')
    AND coalesce(nullif(a.partner_id, ''), of_run.partner_id) = of_run.partner_id
    AND a.occurred_at <= %(now)s
    AND a.deleted_at IS NULL
GROUP BY of_run.production_run_id
