-- Record the drafts that are not to be sent, each with its reason, once a tick; a digest with the runs that it speaks of.
WITH {% include "messages/drafts.sql" %},
-- (Read once: looked for one by one, PostgreSQL would read the tick's rows anew for each draft.)
known AS MATERIALIZED (
    SELECT context_type, context_id, event_id
    FROM message_log
    WHERE dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND tick_id = %(tick_id)s AND status = 'skipped'
),
skipped AS (
    INSERT INTO message_log (
        id, dag_id, dag_run_id, tick_id, delivery, redirected, day, context_type, context_id, message_kind, reminder_kind,
        event_name, event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name, variables,
        body_text, status, skip_reason, duplicate_of
    )
    SELECT
        id, %(dag_id)s, %(dag_run_id)s, %(tick_id)s, %(delivery)s, %(redirected)s, coalesce(day, %(day)s), context_type, context_id,
        message_kind, reminder_kind, event_name, event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language,
        template_name, variables, body_text, 'skipped', skip_reason, duplicate_of
    FROM draft AS d
    WHERE NOT EXISTS (
        SELECT FROM known
        WHERE known.context_type = d.context_type
            AND known.context_id = d.context_id
            AND known.event_id IS NOT DISTINCT FROM d.event_id
    )
    RETURNING id
)
INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, redirected, day, holds_slot)
SELECT d.id, run.id, d.message_kind, %(delivery)s, %(redirected)s, coalesce(d.day, %(day)s), false
FROM skipped
    JOIN draft AS d USING (id)
    CROSS JOIN LATERAL jsonb_array_elements_text(d.production_run_ids) AS run (id)
WHERE d.message_kind = 'digest'
