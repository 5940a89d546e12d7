-- Note why nothing follows messages; what an earlier pass has queued to follow them is withdrawn.
WITH noted AS (
    UPDATE message_log SET not_followed = %(reason)s WHERE id = ANY (%(ids)s)
)
UPDATE message_log
SET status = 'skipped', skip_reason = %(reason)s, updated_at = now()
WHERE parent_id = ANY (%(ids)s) AND status = 'queued'
