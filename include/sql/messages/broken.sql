-- How many of a DAG run's messages have failed, by Meta's code: a follow-up may, and what a person says did not arrive is settled.
SELECT m.error_code, count(*) AS messages
FROM message_log AS m
WHERE {% include "messages/of_run.sql" %}
    AND m.status = 'failed'
    AND m.message_kind <> 'followup'
    AND m.settled_by IS NULL
GROUP BY m.error_code
