-- The messages of a DAG run that a person may ask about by name: failed, unknown, still queued, held back by Meta, over the limit; and
-- what was skipped for the sake of one that is not settled or has failed. Of each such list no more than some, and how many it has.
SELECT *
FROM (
    SELECT
        m.id, m.message_kind,
        coalesce(
            m.production_run_id,
            (SELECT string_agg(r.production_run_id, ', ' ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id)
        ) AS production_run_id,
        m.partner_id, m.status, m.skip_reason, m.error_code, m.error_detail,
        CASE WHEN m.status = 'sent' AND m.message_status <> 'accepted' THEN m.message_status END AS held_back,
        other.status AS other_status,
        row_number() OVER (PARTITION BY m.status, m.skip_reason ORDER BY m.production_run_id, m.id) AS place,
        count(*) OVER (PARTITION BY m.status, m.skip_reason) AS of_its_list
    FROM message_log AS m LEFT JOIN message_log AS other ON other.id = m.duplicate_of
    WHERE {% include "messages/of_run.sql" %}
        AND (
            m.status IN ('failed', 'unknown', 'queued', 'sending')
            OR (m.status = 'sent' AND m.message_status <> 'accepted')
            OR m.skip_reason = 'over_limit'
            OR other.status IN ('unknown', 'sending', 'failed')
        )
        AND NOT {% include "messages/waits.sql" %}
) AS named
WHERE place <= %(at_most)s
ORDER BY status, skip_reason, production_run_id
