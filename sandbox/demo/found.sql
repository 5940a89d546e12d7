-- What the tick found stuck, by reminder kind.
SELECT kind, count(*) AS runs
FROM partner_messages.stuck_run
WHERE delivery = 'live'
GROUP BY kind;
