-- Messages that Meta took and of which nothing was heard yet, in a log that has nothing else.
INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, day, context_type, context_id, message_kind, reminder_kind, production_run_id, partner_id,
    sender, to_phone, language, template_name, variables, body_text, status, meta_message_id, attempts, sent_at, claimed_at
)
SELECT
    md5('message ' || n)::uuid, 'production_run_reminders', 'run', md5('tick')::uuid, 'live', current_date, 'production_run',
    'R' || n || ':reminder:' || current_date, 'reminder', 'idle', 'R' || n, 'P' || n %% 500, 'in', '+9198290' || lpad((n %% 500)::text, 5, '0'),
    'hi', 'jyt_production_run_reminder_idle_v1', jsonb_build_object('partner_name', 'Rajesh Textiles'), repeat('A text. ', 30), 'sent',
    'wamid.' || n, 1, now(), now()
FROM generate_series(0, %(messages)s - 1) AS n;

INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, day, holds_slot)
SELECT id, production_run_id, message_kind, delivery, day, holds_slot FROM message_log;

ANALYZE message_log;
ANALYZE message_run
