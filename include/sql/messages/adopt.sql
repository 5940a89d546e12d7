-- Take over messages that are queued already (a killed task, an earlier stopped run): they become this tick's, worded, addressed
-- or withdrawn as it has just decided.
WITH {% include "messages/drafts.sql" %}
UPDATE message_log AS m
SET
    dag_id = %(dag_id)s,
    dag_run_id = %(dag_run_id)s,
    tick_id = %(tick_id)s,
    reminder_kind = d.reminder_kind,
    partner_id = coalesce(d.partner_id, m.partner_id),
    design_id = d.design_id,
    sender = coalesce(d.sender, m.sender),
    to_phone = coalesce(d.to_phone, m.to_phone),
    language = coalesce(d.language, m.language),
    template_name = coalesce(d.template_name, m.template_name),
    variables = coalesce(d.variables, m.variables),
    body_text = coalesce(d.body_text, m.body_text),
    status = CASE WHEN d.skip_reason IS NULL THEN 'queued' ELSE 'skipped' END,
    skip_reason = d.skip_reason,
    updated_at = now()
FROM draft AS d
WHERE m.delivery = %(delivery)s
    AND m.context_type = d.context_type
    AND m.context_id = d.context_id
    AND m.status = 'queued'
    AND d.duplicate_of IS NULL
RETURNING d.id AS draft_id
