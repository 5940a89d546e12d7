-- The live messages of a DAG run that Meta took, for the shop's own inbox; and (where it looks after the whole log) those of the last day
-- that other runs have left, once they had time to end.
SELECT
    id, meta_message_id AS wamid, partner_id, production_run_id, to_phone, context_type, context_id, language, template_name,
    coalesce(body_text, '') AS body_text, image_url, coalesce(sent_at, updated_at) AS sent_at
FROM message_log AS m
WHERE delivery = 'live'
    AND status IN ('sent', 'delivered', 'read')
    AND meta_message_id IS NOT NULL
    AND (
        (dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s)
        OR (%(of_all)s AND mirrored_at IS NULL AND {% include "messages/left_behind.sql" %})
    )
ORDER BY sent_at, id
