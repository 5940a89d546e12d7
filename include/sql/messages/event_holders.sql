-- The messages that these events have had already, and those of the last hour about the same run, event and partner.
SELECT
    id, status, dag_run_id, event_id, context_id,
    message_kind = 'event' AND event_hour && tstzrange(%(at)s, %(at)s + interval '60 minutes') AS holds_hour
FROM message_log
WHERE delivery = %(delivery)s
    AND holds_slot
    AND (
        event_id = ANY (%(event_ids)s)
        OR (
            message_kind = 'event'
            AND context_type = 'production_run'
            AND context_id = ANY (%(context_ids)s)
            AND event_hour && tstzrange(%(at)s, %(at)s + interval '60 minutes')
        )
    )
