-- The messages of a DAG run that a person may ask about by name: failed, unknown, still queued, held back by Meta, over the limit; and
-- what was skipped for the sake of one that is not settled or has failed.
SELECT
    m.id, m.message_kind,
    coalesce(
        m.production_run_id,
        (SELECT string_agg(r.production_run_id, ', ' ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id)
    ) AS production_run_id,
    m.partner_id, m.status, m.skip_reason, m.error_code, m.error_detail,
    CASE WHEN m.status = 'sent' AND m.message_status <> 'accepted' THEN m.message_status END AS held_back,
    m.settled_by IS NOT NULL AS by_hand, other.status AS other_status
FROM message_log AS m LEFT JOIN message_log AS other ON other.id = m.duplicate_of
WHERE {% include "messages/of_run.sql" %}
    AND (
        m.status IN ('failed', 'unknown', 'queued', 'sending')
        OR (m.status = 'sent' AND m.message_status <> 'accepted')
        OR m.skip_reason = 'over_limit'
        OR other.status IN ('unknown', 'sending', 'failed')
    )
    AND NOT {% include "messages/waits.sql" %}
ORDER BY m.status, m.skip_reason, m.production_run_id
