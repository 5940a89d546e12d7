-- What was decided, counted: by what it is about (a reminder kind, an event, a follow-up), status and skip reason.
SELECT subject, status, skip_reason, count(*) AS messages
FROM (SELECT CASE message_kind
                 WHEN 'reminder' THEN coalesce(reminder_kind, 'no_partner')
                 WHEN 'event' THEN replace(event_name, 'production_run.', '')
                 ELSE message_kind
             END AS subject,
             status, skip_reason
      FROM partner_messages.message_log
      WHERE delivery = 'live') AS decided
GROUP BY subject, status, skip_reason
ORDER BY subject, status, messages DESC, skip_reason;
