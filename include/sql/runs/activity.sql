-- When each kind of thing last happened to these runs, by the partner whom it names and by whether that one entered it: after a
-- moment, up to now. A reminder is neither a handover nor work, whoever it is put down to, and what the shop's own system notes in a
-- partner's name is none of theirs.
SELECT
    production_run_id, nullif(partner_id, '') AS partner_id, kind,
    actor_type = 'partner' AND activity_type <> 'system' AS by_partner,
    max(occurred_at) AS at
FROM {{ production_run_activity }}
WHERE production_run_id = ANY (%(production_run_ids)s)
    AND (kind = ANY (%(kinds)s) OR (actor_type = 'partner' AND activity_type <> 'system'))
    AND activity_type <> 'reminder_sent'
    AND occurred_at > %(after)s
    AND occurred_at <= %(now)s
    AND deleted_at IS NULL
GROUP BY 1, 2, 3, 4
