-- The messages that these events have had already, and by context those about the same run, event and partner of the last hour and
-- those that were decided since this DAG run was due: it may be cleared much later, and message_log_upkeep may have told its events.
-- Last comes what the DAG run has queued itself and may take up again.
SELECT id, status, dag_run_id, event_id, context_id, holds_context
FROM (
    SELECT
        id, status, dag_run_id, event_id, context_id,
        message_kind = 'event'
            AND context_type = 'production_run'
            AND context_id = ANY (%(context_ids)s)
            AND (
                event_hour && tstzrange(%(at)s, %(at)s + interval '60 minutes')
                OR lower(event_hour) >= %(due)s::timestamptz
            ) AS holds_context
    FROM message_log
    WHERE delivery = %(delivery)s
        AND redirected = %(redirected)s
        AND holds_slot
        AND (
            event_id = ANY (%(event_ids)s)
            OR (message_kind = 'event' AND context_type = 'production_run' AND context_id = ANY (%(context_ids)s))
        )
) AS known
WHERE holds_context OR event_id = ANY (%(event_ids)s)
ORDER BY status = 'queued' AND dag_run_id = %(dag_run_id)s
