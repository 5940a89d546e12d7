-- Of which runs these messages speak.
SELECT message_id, array_agg(production_run_id ORDER BY production_run_id) AS production_run_ids
FROM message_run
WHERE message_id = ANY (%(ids)s)
GROUP BY message_id
