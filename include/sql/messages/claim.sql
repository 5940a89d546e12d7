-- Claim queued messages for sending; another claimer's are passed over. From here on only this token's owner settles them.
-- (NO KEY: a duplicate that is being written holds the key of the message it names, which must not hide it from its claimer.)
UPDATE message_log
SET
    status = 'sending', claim_token = %(token)s, claimed_at = clock_timestamp(), attempts = attempts + 1, not_before = NULL,
    error_code = NULL, error_detail = NULL, updated_at = now()
WHERE id IN (
    SELECT id
    FROM message_log
    WHERE id = ANY (%(ids)s) AND status = 'queued' AND (not_before IS NULL OR not_before <= coalesce(%(now)s, clock_timestamp()))
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING
    id, attempts, delivery, message_kind, to_phone, partner_id, production_run_id, language, template_name, variables, image_url
