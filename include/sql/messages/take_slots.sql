-- Take the day's slot of every run that the drafts speak of; what another message holds is not returned. In the order of the
-- run ids, so that two plannings at once wait for each other instead of locking each other out.
WITH {% include "messages/drafts.sql" %}
INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, redirected, day, holds_slot)
SELECT d.id, run.id, d.message_kind, %(delivery)s, %(redirected)s, coalesce(d.day, %(day)s), true
FROM draft AS d CROSS JOIN LATERAL jsonb_array_elements_text(d.production_run_ids) AS run (id)
ORDER BY run.id
ON CONFLICT DO NOTHING
RETURNING message_id, production_run_id
