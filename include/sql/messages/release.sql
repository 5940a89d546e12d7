-- Hand the live messages that have come due to this tick, and those that an earlier run of this DAG has tried in vain (a claim
-- forgets until when a message waited) or has yet to send: where two runs meet, each message is claimed by one of them. What an event asked for keeps its recipient's hours, which
-- are looked at again before the claim; the rest keeps the send window besides, and where it was tried already by another DAG
-- (Meta put it off) its own run's retries come first. A follow-up that was put off stays where it is: its hour is over.
UPDATE message_log
SET dag_id = %(dag_id)s, dag_run_id = %(dag_run_id)s, tick_id = %(tick_id)s, updated_at = now()
WHERE status = 'queued'
    AND delivery = 'live'
    AND day = %(day)s
    AND (not_before <= %(now)s OR (not_before IS NULL AND dag_id = %(dag_id)s AND tick_id <> %(tick_id)s))
    AND message_kind <> 'followup'
    AND (
        event_name IS NOT NULL
        OR (%(in_send_window)s AND (attempts = 0 OR not_before IS NULL OR not_before <= %(now)s - interval '20 minutes'))
    )
RETURNING id
