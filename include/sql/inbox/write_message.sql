-- Write one message that Meta took; the shop's own webhook brings it further than sent.
INSERT INTO {{ messaging_message }} (
    id, conversation_id, direction, content, message_type, wa_message_id, status, context_type, context_id, metadata, created_at
)
VALUES (
    %(id)s, %(conversation_id)s, 'outbound', %(content)s, %(message_type)s, %(wamid)s, 'sent', %(context_type)s, %(context_id)s,
    %(metadata)s, %(sent_at)s
)
