-- The messages that left, in the order in which they were planned.
SELECT meta_message_id,
       CASE message_kind
           WHEN 'reminder' THEN reminder_kind
           WHEN 'event' THEN replace(event_name, 'production_run.', '')
           ELSE message_kind
       END AS subject,
       coalesce(production_run_id, context_id) AS production_run_id, sender, language, to_phone, body_text, status
FROM partner_messages.message_log
WHERE status NOT IN ('queued', 'skipped', 'rehearsed')
ORDER BY created_at, production_run_id;
