-- name: blank_messages
-- Take out of the oldest messages what tells of a person: the number (which Meta's id holds too), names, texts, and Meta's words. What
-- is queued or being sent keeps it.
UPDATE message_log
SET
    blanked = true, to_phone = NULL, recipient_user_id = NULL, meta_message_id = NULL, variables = NULL, body_text = NULL, image_url = NULL, error_detail = NULL
WHERE id = ANY (ARRAY (
    SELECT id
    FROM message_log
    WHERE NOT blanked AND created_at < %(before)s AND status NOT IN ('queued', 'sending')
    ORDER BY created_at
    LIMIT %(at_most)s
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING id

-- name: delete_skips_and_rehearsals
-- Delete the oldest of what never left: skips, and all of a dry run.
DELETE FROM message_log
WHERE id = ANY (ARRAY (
    SELECT id
    FROM message_log
    WHERE (status = 'skipped' OR delivery = 'dry_run') AND created_at < %(before)s
    ORDER BY created_at
    LIMIT %(at_most)s
))
RETURNING id

-- name: delete_messages
-- Delete the oldest messages, which were blanked before; what follows one, and the duplicates that name it, go with it.
DELETE FROM message_log
WHERE id = ANY (ARRAY (SELECT id FROM message_log WHERE blanked AND created_at < %(before)s ORDER BY created_at LIMIT %(at_most)s))
RETURNING id
