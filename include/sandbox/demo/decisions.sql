-- What the tick decided, counted: by reminder kind, status and skip reason.
SELECT reminder_kind, status, skip_reason, count(*) AS messages
FROM partner_messages.message_log
WHERE dag_id = %(dag_id)s AND message_kind = 'reminder'
GROUP BY reminder_kind, status, skip_reason
ORDER BY reminder_kind, status, messages DESC, skip_reason;
