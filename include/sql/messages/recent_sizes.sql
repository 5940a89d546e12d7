-- How many messages the largest tick of each of the last ten days of this delivery planned, this one not counted. Runs that were
-- started by hand on the same day, for one partner or for what a stopped one had left, say nothing of what a tick usually sends.
SELECT max(planned) AS planned
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND planned IS NOT NULL AND dag_run_id <> %(dag_run_id)s
GROUP BY day
ORDER BY day DESC
LIMIT 10
