-- A pass of a DAG run fails for these messages, which are unknown.
UPDATE message_log SET unknown_told_by = %(dag_run_id)s, unknown_told_in = %(clear_number)s WHERE id = ANY (%(ids)s)
