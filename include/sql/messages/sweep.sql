-- Close what no task will ever touch again: queued messages of past days have expired.
UPDATE message_log
SET status = 'skipped', skip_reason = 'expired', updated_at = now()
WHERE status = 'queued' AND day < %(today)s
RETURNING id
