-- When the activity last set the clocks of these runs anew, each after the clock of its own row, up to now. What names another partner,
-- who had the run before, does not. A reminder is neither a handover nor work, whoever it is put down to, and what the shop's own
-- system notes in a partner's name is none of theirs.
SELECT run.id AS production_run_id, max(entry.occurred_at) AS at
FROM json_to_recordset(%(runs)s) AS run (id text, partner_id text, clock double precision)
    JOIN {{ production_run_activity }} AS entry ON entry.production_run_id = run.id
WHERE coalesce(nullif(entry.partner_id, ''), run.partner_id) = run.partner_id
    AND (
        entry.kind = ANY (%(kinds)s)
        {{ "OR (entry.actor_type = 'partner' AND entry.activity_type <> 'system')" if has_partner_activity }}
    )
    AND entry.activity_type <> 'reminder_sent'
    AND entry.occurred_at > to_timestamp(run.clock)
    AND entry.occurred_at <= %(now)s
    AND entry.deleted_at IS NULL
GROUP BY run.id
