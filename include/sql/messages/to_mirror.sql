-- A tick's live messages that Meta took, for the shop's own inbox.
SELECT
    id, meta_message_id AS wamid, partner_id, production_run_id, to_phone, context_type, context_id, language, template_name,
    coalesce(body_text, '') AS body_text, image_url, coalesce(sent_at, updated_at) AS sent_at
FROM message_log
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND delivery = 'live'
    AND status IN ('sent', 'delivered', 'read')
    AND meta_message_id IS NOT NULL
ORDER BY sent_at, id
