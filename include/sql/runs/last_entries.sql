-- When each partner last entered something in the activity of these runs, at or before now. What the shop's own flows and its
-- people enter is no work of a partner's, and neither is a reminder, whoever it is put down to.
SELECT production_run_id, nullif(partner_id, '') AS partner_id, max(occurred_at) AS entered_at
FROM {{ production_run_activity }}
WHERE production_run_id = ANY (%(production_run_ids)s)
    AND actor_type = 'partner'
    AND activity_type NOT IN ('reminder_sent', 'system')
    AND occurred_at <= %(now)s
    AND deleted_at IS NULL
GROUP BY production_run_id, nullif(partner_id, '')
