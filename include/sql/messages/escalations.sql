-- A delivery's escalations that are not over, and those that a later tick than this moment's has ended; oldest stall first.
SELECT id, production_run_id, kind, partner_id, reason, since, opened_at, told_on, closed_at, over_at
FROM escalation
WHERE delivery = %(delivery)s AND (over_at IS NULL OR over_at > %(now)s)
ORDER BY since, production_run_id, id
