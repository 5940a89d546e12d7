-- Let Meta have taken all that is queued, a tenth of it refused: what comes after sending is measured without it.
UPDATE partner_messages.message_log
SET status = 'sending', attempts = 1, claim_token = id, claimed_at = now()
WHERE status = 'queued';

UPDATE partner_messages.message_log
SET
    status = CASE WHEN get_byte(uuid_send(id), 15) % 10 = 0 THEN 'failed' ELSE 'sent' END,
    error_code = CASE WHEN get_byte(uuid_send(id), 15) % 10 = 0 THEN 131026 END,
    meta_message_id = CASE WHEN get_byte(uuid_send(id), 15) % 10 <> 0 THEN 'wamid.' || id END,
    sent_at = now()
WHERE status = 'sending'
