-- What may be followed by a free-form message: the reminders and the assignments of a DAG run's day that Meta took (in a dry run: that
-- were rehearsed), and that none follows yet, whatever became of it, nor was found to follow none; one that an earlier pass has queued is taken over. Where it looks
-- after the whole log, those that other runs have left count too.
SELECT
    m.id, m.delivery, m.context_id, m.message_kind, m.event_name, m.production_run_id, m.partner_id, m.design_id, m.sender,
    m.to_phone, m.language, m.template_name, m.variables
FROM message_log AS m
WHERE m.delivery = %(delivery)s
    AND m.day = %(day)s
    AND (
        (m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s)
        OR (%(of_all)s AND {% include "messages/left_behind.sql" %})
    )
    AND m.status IN ('sent', 'delivered', 'read', 'rehearsed')
    AND (m.message_kind = 'reminder' OR (m.message_kind = 'event' AND m.event_name = 'production_run.sent_to_partner'))
    AND m.production_run_id IS NOT NULL
    AND m.not_followed IS NULL
    AND NOT EXISTS (
        SELECT FROM message_log AS f
        WHERE f.parent_id = m.id AND (f.status <> 'queued' OR f.tick_id = %(tick_id)s)
    )
ORDER BY m.context_id, m.id
