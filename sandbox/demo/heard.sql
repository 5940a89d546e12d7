-- How far the messages that left have come, by what Meta has said of them.
SELECT count(*) FILTER (WHERE status IN ('sent', 'delivered')) AS under_way,
       count(*) FILTER (WHERE status = 'read') AS read,
       count(*) FILTER (WHERE status = 'failed') AS failed
FROM partner_messages.message_log
WHERE delivery = 'live';
