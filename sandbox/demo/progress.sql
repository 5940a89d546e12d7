-- How far the DAG run that began then is: each task in Airflow's own database, whether all its instances are over, and how they ended.
SELECT task_id AS task,
       bool_and(state IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed')) AS is_over,
       bool_or(state = 'up_for_retry') AS will_be_tried_again,
       string_agg(CASE instances WHEN 1 THEN words ELSE instances || ' ' || words END, ', ' ORDER BY words) AS states
FROM (SELECT task_id, state, replace(state, '_', ' ') AS words, count(*) AS instances, max(end_date) AS ended
      FROM task_instance
      WHERE dag_id = %(dag_id)s AND state IS NOT NULL AND updated_at >= %(began)s
      GROUP BY task_id, state) AS counted
GROUP BY task_id
ORDER BY max(ended);
