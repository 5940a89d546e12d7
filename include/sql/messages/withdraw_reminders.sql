-- Withdraw the queued reminders of runs that have ended, of a day and later.
UPDATE message_log
SET status = 'skipped', skip_reason = 'moved_on', updated_at = now()
WHERE delivery = %(delivery)s
    AND redirected = %(redirected)s
    AND day >= %(day)s
    AND message_kind = 'reminder'
    AND production_run_id = ANY (%(production_run_ids)s)
    AND status = 'queued'
RETURNING id
