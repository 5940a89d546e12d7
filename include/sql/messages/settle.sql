-- Write down what became of claimed messages. An answer that comes after a webhook only fills what is missing, and one that comes
-- after the lease ran out is still news from Meta, except that nothing unknown ever goes back into the queue.
UPDATE message_log AS m
SET
    status = CASE
        WHEN m.status = 'sending' THEN a.status
        WHEN m.status = 'unknown' AND a.status = 'sent' THEN 'sent'
        WHEN m.status = 'unknown' AND a.status IN ('failed', 'queued') THEN 'failed'
        ELSE m.status
    END,
    meta_message_id = coalesce(m.meta_message_id, a.meta_message_id),
    message_status = coalesce(m.message_status, a.message_status),
    sent_at = coalesce(m.sent_at, CASE WHEN a.status = 'sent' THEN clock_timestamp() END),
    failed_at = CASE
        WHEN m.failed_at IS NULL AND (
            (m.status = 'sending' AND a.status = 'failed') OR (m.status = 'unknown' AND a.status IN ('failed', 'queued'))
        ) THEN clock_timestamp()
        ELSE m.failed_at
    END,
    error_code = CASE WHEN m.status IN ('sending', 'unknown') THEN a.error_code ELSE m.error_code END,
    error_detail = CASE
        WHEN m.status = 'unknown' AND a.status = 'queued' THEN coalesce(a.error_detail, 'its claim ran out before it left')
        WHEN m.status IN ('sending', 'unknown') THEN a.error_detail
        ELSE m.error_detail
    END,
    not_before = CASE
        WHEN m.status = 'sending' AND a.status = 'queued' AND a.wait_seconds > 0
            THEN %(now)s + make_interval(secs => a.wait_seconds)
        ELSE m.not_before
    END,
    day = CASE
        WHEN m.status = 'sending' AND a.status = 'queued' AND a.wait_seconds > 0 AND m.message_kind = 'event'
            THEN ((%(now)s + make_interval(secs => a.wait_seconds)) AT TIME ZONE %(timezone)s)::date
        ELSE m.day
    END,
    updated_at = now()
FROM json_to_recordset(%(answers)s) AS a (
    id uuid, status text, meta_message_id text, message_status text, error_code integer, error_detail text,
    wait_seconds double precision
)
WHERE m.id = a.id AND m.claim_token = %(token)s
RETURNING m.id, m.status
