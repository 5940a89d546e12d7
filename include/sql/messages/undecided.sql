-- The runs that a DAG run found stuck, in kinds that it was to remind of, and about which nothing was decided on its day.
SELECT production_run_id
FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s AND kind = ANY (%(kinds)s)
EXCEPT
SELECT coalesce(r.production_run_id, m.production_run_id)
FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
WHERE m.delivery = %(delivery)s
    AND m.redirected = %(redirected)s
    AND m.day >= %(day)s
    AND m.message_kind IN ('reminder', 'digest')
ORDER BY production_run_id
