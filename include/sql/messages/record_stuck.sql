-- Record what this DAG run found stuck in one kind.
INSERT INTO stuck_run (
    dag_run_id, production_run_id, kind, delivery, day, partner_id, design_id, since, quantity, produced_quantity, observed_at
)
SELECT
    %(dag_run_id)s, s.production_run_id, %(kind)s, %(delivery)s, %(day)s, s.partner_id, s.design_id, s.since, s.quantity,
    s.produced_quantity, %(observed_at)s
FROM json_to_recordset(%(stuck)s) AS s (
    production_run_id text, partner_id text, design_id text, since timestamptz, quantity real, produced_quantity real
)
