-- Word a tick's message anew while it is queued.
UPDATE message_log
SET variables = %(variables)s, body_text = %(body_text)s, updated_at = now()
WHERE id = %(id)s AND tick_id = %(tick_id)s AND status = 'queued'
RETURNING id
