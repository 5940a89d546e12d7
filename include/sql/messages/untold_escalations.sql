-- The open escalations that operations are to be told of on a day, held so that nobody else tells of them meanwhile.
SELECT id, production_run_id, kind, partner_id, reason, since, opened_at, told_on, closed_at, over_at
FROM escalation
WHERE delivery = 'live' AND closed_at IS NULL AND (told_on IS NULL OR told_on <= %(told_before)s)
ORDER BY since, production_run_id, id
FOR UPDATE
