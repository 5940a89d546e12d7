-- The reminders that Meta took, and the run of each.
SELECT meta_message_id, production_run_id AS run
FROM partner_messages.message_log
WHERE delivery = 'live' AND message_kind = 'reminder' AND meta_message_id IS NOT NULL
ORDER BY created_at, production_run_id;
