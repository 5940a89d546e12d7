-- Open escalations; a run that has an open one, by whomever, gets no second.
INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at)
SELECT t.id, %(delivery)s, t.production_run_id, t.kind, t.partner_id, t.reason, t.since, %(dag_run_id)s, %(now)s
FROM json_to_recordset(%(troubles)s) AS t (
    id uuid, production_run_id text, kind text, partner_id text, reason text, since timestamptz
)
ORDER BY t.production_run_id
ON CONFLICT (delivery, production_run_id) WHERE closed_at IS NULL DO NOTHING
RETURNING id
