-- What a tick has queued, in the order in which it is dealt out.
SELECT id, sender, reminder_kind, variables ->> 'partner_name' AS partner_name
FROM message_log
WHERE dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND tick_id = %(tick_id)s AND status = 'queued'
ORDER BY sender, partner_id, context_id
