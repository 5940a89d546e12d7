-- How a message stands.
SELECT status FROM message_log WHERE id = %(message_id)s
