-- Which of these runs the shop itself reminded of on that day: an outbound message under our context that did not fail
{%- if has_last_reminded_at %}, or its own mark
-- on the run. The shop sets the mark before it sends and writes the message after, so a mark alone may mean either and counts; only
-- one whose message failed does not (a failed one from before the mark is another's; the clocks of two processes may differ a little)
{%- endif %}.
-- What this package has written into the shop's inbox (mirror_to_shop) names its row of the message log, and is not the shop's.
WITH message AS (
    SELECT context_id, status, created_at
    FROM {{ messaging_message }}
    WHERE context_type = 'production_run'
        AND context_id = ANY (%(context_ids)s)
        AND direction = 'outbound'
        AND deleted_at IS NULL
        AND metadata ->> 'message_log_id' IS NULL
)
SELECT substring(context_id FROM '^[^:]+') AS production_run_id
FROM message
WHERE status <> 'failed'
{%- if has_last_reminded_at %}
UNION
SELECT run.id
FROM {{ production_runs }} AS run
WHERE run.id = ANY (%(marked_run_ids)s)
    AND run.last_reminded_at >= %(begins)s
    AND run.last_reminded_at < %(ends)s
    AND NOT EXISTS (
        SELECT FROM message
        WHERE substring(message.context_id FROM '^[^:]+') = run.id
            AND message.status = 'failed'
            AND message.created_at > greatest(run.last_reminded_at, %(begins)s) - interval '5 minutes'
            AND message.created_at < '2100-01-01'
    )
{%- endif %}
