-- Which of these ids the shop has at all, as a run's or a partner's: a deleted row is no typing mistake.
SELECT id, deleted_at IS NOT NULL AS deleted
FROM {{ production_runs if of_runs else partner }}
WHERE id = ANY (%(ids)s)
