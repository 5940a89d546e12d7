-- Forget every message, so that the same day can be planned and sent again.
TRUNCATE partner_messages.message_log CASCADE
