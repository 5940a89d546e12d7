-- Note that a DAG run has passed its preflight.
INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now)
VALUES (%(tick_id)s, %(dag_id)s, %(dag_run_id)s, %(delivery)s, %(day)s, %(now)s)
