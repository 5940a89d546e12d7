-- The messages that left, by reminder kind and in the order in which they were planned.
SELECT meta_message_id, reminder_kind, production_run_id, sender, language, to_phone, body_text, status
FROM partner_messages.message_log
WHERE dag_id = %(dag_id)s AND status NOT IN ('queued', 'skipped', 'rehearsed')
ORDER BY array_position(ARRAY ['assignment_pending', 'not_started', 'idle'], reminder_kind), created_at, production_run_id;
