-- Escalations that no longer hold are over; who has closed one by hand before stays named.
UPDATE escalation AS e
SET
    over_at = %(now)s, closed_at = coalesce(e.closed_at, %(now)s), closed_by = coalesce(e.closed_by, %(by)s),
    closed_why = coalesce(e.closed_why, o.why)
FROM json_to_recordset(%(over)s) AS o (id uuid, why text)
WHERE e.id = o.id AND e.over_at IS NULL
RETURNING e.id
