-- Queue the drafts that got their slots; one whose context or event is held is not returned. An event that waits for the morning
-- holds its context until an hour after it leaves: a repeat by night would arrive together with it.
WITH {% include "messages/drafts.sql" %}
INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, redirected, day, context_type, context_id, message_kind, reminder_kind, event_name,
    event_id, event_hour, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name,
    variables, body_text, image_url, not_before, status
)
SELECT
    id, %(dag_id)s, %(dag_run_id)s, %(tick_id)s, %(delivery)s, %(redirected)s, coalesce(day, %(day)s), context_type, context_id,
    message_kind, reminder_kind, event_name, event_id,
    CASE WHEN message_kind = 'event' THEN tstzrange(decided_at, coalesce(not_before, decided_at) + interval '60 minutes') END,
    parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name, variables, body_text,
    image_url, not_before, 'queued'
FROM draft
ORDER BY context_id
ON CONFLICT DO NOTHING
RETURNING id
