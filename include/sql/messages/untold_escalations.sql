-- The open escalations that operations are to be told of on a day, held so that nobody else tells of them meanwhile; with what the
-- partner's number may mean, where it does not say so itself.
SELECT
    e.id, e.production_run_id, e.kind, e.partner_id, e.reason, e.since, e.opened_at, e.told_on, e.closed_at, e.over_at,
    CASE e.reason
        WHEN 'ambiguous_phone' THEN (
            SELECT m.variables ->> 'readings'
            FROM message_log AS m
            WHERE m.partner_id = e.partner_id AND m.skip_reason = 'ambiguous_phone'
            ORDER BY m.day DESC, m.created_at DESC
            LIMIT 1
        )
    END AS readings
FROM escalation AS e
WHERE e.delivery = 'live' AND e.closed_at IS NULL AND (e.told_on IS NULL OR e.told_on <= %(told_before)s)
ORDER BY e.since, e.production_run_id, e.id
FOR UPDATE OF e
