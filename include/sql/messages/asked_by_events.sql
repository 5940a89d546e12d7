-- The runs of which an event asked for a reminder on a day, whatever became of it.
SELECT DISTINCT production_run_id
FROM message_log
WHERE delivery = %(delivery)s
    AND redirected = %(redirected)s
    AND day = %(day)s
    AND message_kind = 'reminder'
    AND event_name IS NOT NULL
