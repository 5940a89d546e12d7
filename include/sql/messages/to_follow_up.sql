-- What of a tick's messages may be followed by a free-form one: the reminders and the assignments that Meta took (in a dry run:
-- that were rehearsed) and that none follows yet, whatever became of it.
SELECT
    m.id, m.delivery, m.context_id, m.message_kind, m.event_name, m.production_run_id, m.partner_id, m.design_id, m.sender,
    m.to_phone, m.language, m.template_name, m.variables
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND m.tick_id = %(tick_id)s
    AND m.status IN ('sent', 'delivered', 'read', 'rehearsed')
    AND (m.message_kind = 'reminder' OR (m.message_kind = 'event' AND m.event_name = 'production_run.sent_to_partner'))
    AND m.production_run_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM message_log AS f WHERE f.parent_id = m.id)
ORDER BY m.context_id, m.id
