-- name: chosen_messages
-- The messages with these ids, as a page shows them.
SELECT {% include "page_columns" %}, m.variables ->> 'notes' AS notes, m.event_id
FROM message_log AS m
WHERE m.id = ANY (%(ids)s)
ORDER BY m.day DESC, m.created_at DESC, m.id DESC

-- name: note_once
-- Write down what somebody has done by hand, where the same was not done to the same thing before.
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, %(subject)s, %(detail)s
WHERE NOT EXISTS (SELECT FROM audit WHERE subject = %(subject)s AND act = %(act)s)
RETURNING id

-- name: resend_asked_for
-- What was asked to be sent again by a DAG run, by whom and why. (Who presses twice at one moment may ask twice; the first counts, and the
-- DAG run begins once.)
SELECT at, who, why, detail FROM audit WHERE subject = %(subject)s AND act = %(act)s ORDER BY id LIMIT 1

-- name: told_since
-- What was decided of some runs since a moment: first by one DAG run, then what was sent, then what was not, the newest first.
SELECT {% include "page_columns" %}
FROM message_log AS m
WHERE m.id = ANY (ARRAY (
        SELECT r.message_id
        FROM message_run AS r
        WHERE r.production_run_id = ANY (%(production_run_ids)s) AND r.delivery = 'live' AND r.day >= %(day)s
        UNION ALL
        SELECT s.id
        FROM message_log AS s
        WHERE s.production_run_id = ANY (%(production_run_ids)s) AND s.status = 'skipped' AND s.delivery = 'live' AND s.day >= %(day)s
    ))
    AND m.created_at >= %(since)s
    AND m.message_kind <> 'followup'
    AND m.id <> ALL (%(ids)s)
ORDER BY m.dag_run_id = %(dag_run_id)s DESC, m.status = 'skipped', m.created_at DESC, m.id
