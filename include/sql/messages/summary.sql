-- What became of a DAG run's messages, counted, and of what its last pass has skipped; follow-ups apart, as they never change how the
-- message they follow stands. A duplicate of what is not settled, or has failed, says so, and so does what Meta holds back. Of each
-- count the first few runs and their partners, to be named.
SELECT
    m.message_kind = 'followup' AS is_followup,
    CASE WHEN {% include "messages/waits.sql" %} THEN 'held' ELSE m.status END AS status,
    CASE
        WHEN other.status IN ('unknown', 'sending', 'failed') THEN m.skip_reason || ' of ' || other.status
        ELSE m.skip_reason
    END AS skip_reason,
    CASE WHEN m.status = 'sent' AND m.message_status <> 'accepted' THEN m.message_status END AS held_back,
    m.not_followed,
    count(*) AS messages,
    (array_agg(m.production_run_id ORDER BY m.partner_id, m.production_run_id, m.id))[:%(few)s] AS production_run_ids,
    (array_agg(m.partner_id ORDER BY m.partner_id, m.production_run_id, m.id))[:%(few)s] AS partner_ids
FROM message_log AS m LEFT JOIN message_log AS other ON other.id = m.duplicate_of
WHERE {% include "messages/of_run.sql" %}
GROUP BY 1, 2, 3, 4, 5
