-- What one partner is told of stuck runs, message by message: as it left, and as it was rehearsed.
SELECT delivery, message_kind, body_text
FROM partner_messages.message_log
WHERE partner_id = %(partner_id)s
    AND message_kind IN ('reminder', 'digest')
    AND status IN ('sent', 'delivered', 'read', 'rehearsed')
ORDER BY delivery, created_at, context_id;
