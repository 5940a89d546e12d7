-- What a tick answers for: its own messages, and those that earlier passes of its DAG run have sent, or may have.
m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND (m.tick_id = %(tick_id)s OR (m.delivery = %(delivery)s AND m.holds_slot AND m.status <> 'queued'))
