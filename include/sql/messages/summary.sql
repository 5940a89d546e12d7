-- What became of a tick's messages, counted; follow-ups apart, as they never change how the message they follow stands.
SELECT
    m.message_kind = 'followup' AS is_followup,
    CASE WHEN {% include "messages/waits.sql" %} THEN 'held' ELSE m.status END AS status,
    m.skip_reason,
    count(*) AS messages
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s AND m.tick_id = %(tick_id)s
GROUP BY 1, 2, 3
