-- What is queued for a day already, by the key under which it is unique.
SELECT context_type, context_id
FROM message_log
WHERE delivery = %(delivery)s AND redirected = %(redirected)s AND day >= %(day)s AND status = 'queued'
