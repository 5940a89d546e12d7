-- Claim queued messages for sending; another claimer's are passed over. From here on only this token's owner settles them.
-- An event's hour lasts until an hour after it leaves, also where that is later than was planned; where a repeat of it was told
-- meanwhile, it begins when that one's is over.
-- (NO KEY: a duplicate that is being written holds the key of the message it names, which must not hide it from its claimer.)
UPDATE message_log
SET
    status = 'sending', still_here = true, claim_token = %(token)s, claimed_at = clock_timestamp(), attempts = attempts + 1,
    not_before = NULL, error_code = NULL, error_detail = NULL, updated_at = now(),
    event_hour = CASE
        WHEN message_kind = 'event' THEN (
            SELECT CASE WHEN starts < ends THEN tstzrange(starts, ends) ELSE message_log.event_hour END
            FROM (
                SELECT
                    greatest(lower(message_log.event_hour), max(upper(other.event_hour))) AS starts,
                    greatest(upper(message_log.event_hour), %(now)s + interval '60 minutes') AS ends
                FROM message_log AS other
                WHERE other.delivery = message_log.delivery
                    AND other.redirected = message_log.redirected
                    AND other.context_type = message_log.context_type
                    AND other.context_id = message_log.context_id
                    AND other.message_kind = 'event'
                    AND other.holds_slot
                    AND other.id <> message_log.id
                    AND other.event_hour >> message_log.event_hour
            ) AS hour
        )
        ELSE event_hour
    END
WHERE id IN (
    SELECT id
    FROM message_log
    WHERE id = ANY (%(ids)s) AND status = 'queued' AND (not_before IS NULL OR not_before <= %(now)s)
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING
    id, attempts, delivery, message_kind, to_phone, partner_id, production_run_id, language, template_name, variables, image_url
