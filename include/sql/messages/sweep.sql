-- Close what no task will ever touch again: queued messages of past days have expired. A rehearsal never does: nothing leaves,
-- and another day of the same backfill may be at work on it.
UPDATE message_log
SET status = 'skipped', skip_reason = 'expired', updated_at = now()
WHERE status = 'queued' AND attempts >= 0 AND day < %(today)s AND delivery <> 'dry_run'
RETURNING id
