-- Which message holds each of these runs' slot of a day.
SELECT
    r.production_run_id, m.id, m.status, m.tick_id, m.event_name IS NOT NULL AS asked_by_event,
    {% include "messages/waits.sql" %} AS waits
FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
WHERE r.delivery = %(delivery)s
    AND r.redirected = %(redirected)s
    AND r.day = %(day)s
    AND r.production_run_id = ANY (%(production_run_ids)s)
    AND r.holds_slot
    AND r.message_kind IN ('reminder', 'digest')
