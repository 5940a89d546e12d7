-- When the produced quantity of each run was last seen to change, as far as was known at now.
SELECT production_run_id, least(max(observed_at), %(now)s) AS changed_at
FROM produced_quantity_seen
WHERE production_run_id = ANY (%(production_run_ids)s) AND number > 1 AND now <= %(now)s
GROUP BY production_run_id
