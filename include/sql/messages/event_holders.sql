-- The messages that these events have had already, and by context those of the last hour about the same run, event and partner and
-- those that this DAG run itself has told of them: it may be cleared much later.
SELECT id, status, dag_run_id, event_id, context_id, holds_context
FROM (
    SELECT
        id, status, dag_run_id, event_id, context_id,
        message_kind = 'event'
            AND context_type = 'production_run'
            AND context_id = ANY (%(context_ids)s)
            AND (
                event_hour && tstzrange(%(at)s, %(at)s + interval '60 minutes')
                OR (dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s)
            ) AS holds_context
    FROM message_log
    WHERE delivery = %(delivery)s
        AND holds_slot
        AND (
            event_id = ANY (%(event_ids)s)
            OR (message_kind = 'event' AND context_type = 'production_run' AND context_id = ANY (%(context_ids)s))
        )
) AS known
WHERE holds_context OR event_id = ANY (%(event_ids)s)
