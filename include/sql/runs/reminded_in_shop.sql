-- Which of these runs the shop itself reminded of on that day: an outbound message under our context that did not fail
{%- if has_last_reminded_at %}, or its own mark on the run{% endif %}.
-- What this package has written into the shop's inbox (mirror_to_shop) names its row of the message log, and is not the shop's.
SELECT substring(context_id FROM '^[^:]+') AS production_run_id
FROM {{ messaging_message }}
WHERE context_type = 'production_run'
    AND context_id = ANY (%(context_ids)s)
    AND direction = 'outbound'
    AND status <> 'failed'
    AND deleted_at IS NULL
    AND metadata ->> 'message_log_id' IS NULL
{%- if has_last_reminded_at %}
UNION
SELECT id
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s)
    AND (last_reminded_at AT TIME ZONE %(timezone)s)::date = %(day)s
{%- endif %}
