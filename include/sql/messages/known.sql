-- Which of these messages the log has.
SELECT id FROM message_log WHERE id = ANY (%(ids)s)
