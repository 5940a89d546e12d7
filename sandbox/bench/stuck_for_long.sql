-- A message log in which the same runs were stuck for so many days before a day, and their partners told of each on every weekday: the most
-- that settings can be tried over. Made from the numbers of day and run alone: the same each time.
CREATE TEMPORARY TABLE told AS
SELECT
    day::date AS day, day::date + time '04:30' AT TIME ZONE 'UTC' AS at, 'run ' || day::date AS dag_run_id, md5('tick ' || day::date)::uuid AS tick_id,
    'S' || n AS production_run_id, 'P' || n %% %(partners)s AS partner_id, md5(day::date || ' ' || n)::uuid AS id
FROM generate_series(%(day)s::date - %(days)s, %(day)s::date, interval '1 day') AS day, generate_series(1, %(runs)s) AS n
WHERE extract(isodow FROM day) < 6;

INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, inspected, no_partner, planned, created_at)
SELECT DISTINCT tick_id, 'production_run_reminders', dag_run_id, 'live', day, at, %(runs)s, 0, %(runs)s, at FROM told;

INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, day, context_type, context_id, message_kind, reminder_kind, production_run_id, partner_id, sender,
    to_phone, language, template_name, variables, body_text, status, meta_message_id, attempts, created_at, updated_at, sent_at, claimed_at
)
SELECT
    id, 'production_run_reminders', dag_run_id, tick_id, 'live', day, 'production_run', production_run_id || ':reminder:' || day, 'reminder', 'idle',
    production_run_id, partner_id, 'in', '+9198290' || lpad(substr(partner_id, 2), 5, '0'), 'hi', 'jyt_production_run_reminder_idle_v1',
    jsonb_build_object('partner_name', 'Rajesh Textiles'), repeat('A text. ', 30), 'read', 'wamid.' || id, 1, at, at, at, at
FROM told;

INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, day, holds_slot)
SELECT id, production_run_id, 'reminder', 'live', day, true FROM told;

INSERT INTO stuck_run (dag_run_id, production_run_id, kind, delivery, day, partner_id, design_id, since, quantity, observed_at)
SELECT dag_run_id, production_run_id, 'idle', 'live', day, partner_id, 'D1', %(day)s::date - %(days)s - interval '10 days', 250, at FROM told;

DROP TABLE told;
ANALYZE tick, message_log, message_run, stuck_run
