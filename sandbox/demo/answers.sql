-- What became of some runs' reminders, and what was replied to some phones: newest last.
SELECT message_kind, production_run_id, to_phone, status, skip_reason, error_code, body_text
FROM partner_messages.message_log
WHERE delivery = 'live'
    AND ((message_kind = 'reminder' AND production_run_id = ANY (%(runs)s)) OR (message_kind = 'reply' AND to_phone = ANY (%(phones)s)))
ORDER BY created_at;
