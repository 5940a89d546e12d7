-- The last reminder of the history: its partner's and its run's pages are asked for.
SELECT id, partner_id, production_run_id
FROM partner_messages.message_log
WHERE message_kind = 'reminder' AND delivery = 'live'
ORDER BY day DESC, id
LIMIT 1
