-- Open escalations; a run that has an open one, by whomever, gets no second. Of a stall of which operations were told for a reason
-- that asks for the same act, they are told again when that one's time is up.
INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at, told_on)
SELECT t.id, %(delivery)s, t.production_run_id, t.kind, t.partner_id, t.reason, t.since, %(dag_run_id)s, %(now)s, before.told_on
FROM json_to_recordset(%(troubles)s) AS t (
        id uuid, production_run_id text, kind text, partner_id text, reason text, since timestamptz, same_act text[]
    )
    CROSS JOIN LATERAL (
        SELECT max(e.told_on) AS told_on
        FROM escalation AS e
        WHERE e.delivery = %(delivery)s
            AND e.production_run_id = t.production_run_id
            AND (e.kind, e.partner_id) IS NOT DISTINCT FROM (t.kind, t.partner_id)
            AND e.since = t.since
            AND e.reason = ANY (t.same_act)
    ) AS before
ORDER BY t.production_run_id
ON CONFLICT (delivery, production_run_id) WHERE closed_at IS NULL DO NOTHING
RETURNING id
