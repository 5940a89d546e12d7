-- What Meta has said so far of a tick's messages from one sender: refusals that concern one recipient are left out. Read from both
-- ends only (index message_log_answers): it is asked after each failure.
{%- set answered %}
    FROM message_log AS m
    WHERE m.dag_id = %(dag_id)s
        AND m.dag_run_id = %(dag_run_id)s
        AND m.tick_id = %(tick_id)s
        AND m.sender = %(sender)s
        AND m.attempts > 0
        AND m.status IN ('sent', 'delivered', 'read', 'failed', 'unknown')
        AND NOT (m.status = 'failed' AND coalesce(m.error_code = ANY (%(recipient_codes)s), false))
{%- endset %}
{%- set at = "coalesce(m.failed_at, m.sent_at, m.updated_at)" %}
{%- set failed = "m.status IN ('failed', 'unknown')" %}
WITH last_taken AS (
    SELECT {{ at }} AS at, m.id {{ answered }} AND NOT {{ failed }} ORDER BY {{ at }} DESC, m.id DESC LIMIT 1
),
since AS (
    SELECT count(*) AS failed
    {{ answered }}
        AND ({{ at }}, m.id) > (
            coalesce((SELECT at FROM last_taken), '-infinity'), coalesce((SELECT id FROM last_taken), '00000000-0000-0000-0000-000000000000')
        )
),
of_the_first AS (
    SELECT count(*) FILTER (WHERE failed) AS failed
    FROM (SELECT {{ failed }} AS failed {{ answered }} ORDER BY {{ at }}, m.id LIMIT %(first)s) AS first_answers
),
last_failure AS (
    SELECT m.error_code, m.error_detail {{ answered }} AND {{ failed }} ORDER BY {{ at }} DESC, m.id DESC LIMIT 1
)
SELECT since.failed AS failed_in_a_row, of_the_first.failed AS failed_of_the_first, last_failure.error_code, last_failure.error_detail
FROM since CROSS JOIN of_the_first LEFT JOIN last_failure ON true
