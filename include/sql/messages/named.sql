-- The messages of a tick that a person may ask about by name: failed, unknown, still queued, over the limit.
SELECT
    m.message_kind,
    coalesce(
        m.production_run_id,
        (SELECT string_agg(r.production_run_id, ', ' ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id)
    ) AS production_run_id,
    m.partner_id, m.status, m.skip_reason, m.error_code, m.error_detail
FROM message_log AS m
WHERE m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND m.tick_id = %(tick_id)s
    AND (m.status IN ('failed', 'unknown', 'queued', 'sending') OR m.skip_reason = 'over_limit')
    AND NOT {% include "messages/waits.sql" %}
ORDER BY m.status, m.skip_reason, m.production_run_id
