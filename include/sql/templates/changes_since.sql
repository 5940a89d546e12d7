-- The changes of an account that count against Meta's limits.
SELECT name, language, change, status_before, made_at
FROM template_change
WHERE waba_id = %(waba_id)s AND made_at > %(since)s AND outcome = 'taken'
ORDER BY made_at, id
