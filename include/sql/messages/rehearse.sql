-- Mark queued messages of a dry run as rehearsed: everything but the request has been done.
UPDATE message_log
SET status = 'rehearsed', attempts = attempts + 1, updated_at = now()
WHERE id = ANY (%(ids)s) AND status = 'queued' AND delivery = 'dry_run'
RETURNING id
