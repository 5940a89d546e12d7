-- How many messages each of the last ten ticks of this delivery planned, this one not counted.
SELECT planned
FROM tick
WHERE dag_id = %(dag_id)s AND delivery = %(delivery)s AND planned IS NOT NULL AND dag_run_id <> %(dag_run_id)s
ORDER BY created_at DESC
LIMIT 10
