-- Which of these conversations began with a message to us. The shop made them, and wrote down the number that Meta gave; in any other
-- the number is as somebody typed it, and a reply from whatever number ends alike goes into it. A message whose time cannot be may
-- have been the first.
{%- from "runs/possible.sql" import moment %}
SELECT conversation_id
FROM (
    SELECT DISTINCT ON (conversation_id) conversation_id, direction, deleted_at, {{ moment("created_at") }} AS at
    FROM {{ messaging_message }}
    WHERE conversation_id = ANY (%(conversation_ids)s)
    ORDER BY conversation_id, at NULLS FIRST, id
) AS first_message
WHERE direction = 'inbound' AND deleted_at IS NULL AND at IS NOT NULL
