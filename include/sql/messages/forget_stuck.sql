-- Forget what an earlier try of this DAG run found in one kind; runs that changed kind since then go too.
DELETE FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s AND (kind = %(kind)s OR production_run_id IN (SELECT json_array_elements_text(%(found_ids)s)))
