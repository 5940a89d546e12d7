-- Close a run's open escalation by hand; one that the same person has closed before for the same reason, in a try whose answer was
-- lost, counts too.
WITH closed AS (
    UPDATE escalation
    SET closed_at = %(now)s, closed_by = %(by)s, closed_why = %(why)s
    WHERE delivery = 'live' AND production_run_id = %(production_run_id)s AND closed_at IS NULL
    RETURNING reason
)
SELECT reason FROM closed
UNION ALL
SELECT reason
FROM escalation
WHERE delivery = 'live'
    AND production_run_id = %(production_run_id)s
    AND closed_by = %(by)s
    AND closed_why = %(why)s
    AND over_at IS NULL
