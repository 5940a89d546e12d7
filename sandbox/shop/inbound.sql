-- Who wrote to the shop within the last 24 hours, and what; oldest first.
SELECT '+' || regexp_replace(c.phone_number, '\D', '', 'g') AS number, m.content
FROM messaging_message AS m
JOIN messaging_conversation AS c ON c.id = m.conversation_id
WHERE m.direction = 'inbound'
    AND m.created_at BETWEEN now() - interval '24 hours' AND now()
    AND m.deleted_at IS NULL
    AND c.phone_number <> ''
ORDER BY m.created_at, m.id;
