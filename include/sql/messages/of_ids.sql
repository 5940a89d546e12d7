-- The messages with these ids, as they are now.
SELECT
    id, tick_id, status, skip_reason, delivery, day, sender, to_phone, partner_id, production_run_id, reminder_kind, event_name,
    parent_id, language, template_name, variables, body_text, image_url, message_kind, not_before,
    {% include "messages/held.sql" %} AS held, claimed_at, attempts,
    error_code, error_detail, unknown_told_by, unknown_told_in, settled_by
FROM message_log AS m
WHERE id = ANY (%(ids)s)
ORDER BY sender, partner_id, context_id
