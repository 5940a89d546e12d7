-- What a tick has queued and can send now, in the order in which it is dealt out: its messages, or what follows them.
SELECT
    m.id, m.sender, coalesce(m.reminder_kind, replace(m.event_name, 'production_run.', ''), m.message_kind) AS about,
    coalesce(m.variables ->> 'design_name', '') AS design_name,
    m.variables ->> 'partner_name' AS partner_name
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND m.tick_id = %(tick_id)s
    AND m.status = 'queued'
    AND (m.message_kind = 'followup') = %(followups)s
    AND NOT {% include "messages/held.sql" %}
ORDER BY m.sender, m.partner_id, m.context_id
