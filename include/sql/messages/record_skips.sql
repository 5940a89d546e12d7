-- Record the drafts that are not to be sent, each with its reason, once a tick; a digest with the runs that it speaks of.
WITH {% include "messages/drafts.sql" %},
skipped AS (
    INSERT INTO message_log (
        id, dag_id, dag_run_id, tick_id, delivery, day, context_type, context_id, message_kind, reminder_kind, event_name,
        event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language, template_name, variables,
        body_text, status, skip_reason, duplicate_of
    )
    SELECT
        id, %(dag_id)s, %(dag_run_id)s, %(tick_id)s, %(delivery)s, coalesce(day, %(day)s), context_type, context_id, message_kind,
        reminder_kind, event_name, event_id, parent_id, production_run_id, partner_id, design_id, sender, to_phone, language,
        template_name, variables, body_text, 'skipped', skip_reason, duplicate_of
    FROM draft AS d
    WHERE NOT EXISTS (
        SELECT FROM message_log AS m
        WHERE m.dag_id = %(dag_id)s
            AND m.dag_run_id = %(dag_run_id)s
            AND m.tick_id = %(tick_id)s
            AND m.context_type = d.context_type
            AND m.context_id = d.context_id
            AND m.event_id IS NOT DISTINCT FROM d.event_id
            AND m.status = 'skipped'
    )
    RETURNING id
)
INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, day, holds_slot)
SELECT d.id, run.id, d.message_kind, %(delivery)s, coalesce(d.day, %(day)s), false
FROM skipped
    JOIN draft AS d USING (id)
    CROSS JOIN LATERAL jsonb_array_elements_text(d.production_run_ids) AS run (id)
WHERE d.message_kind = 'digest'
