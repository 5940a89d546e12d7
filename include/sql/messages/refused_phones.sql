-- The numbers that Meta refused on a day for the recipient's own sake.
SELECT DISTINCT to_phone
FROM message_log
WHERE delivery = %(delivery)s AND day = %(day)s AND status = 'failed' AND error_code = ANY (%(codes)s)
