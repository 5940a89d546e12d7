-- A message log with a history: on each of so many days before a day, so many runs were stuck and their partners told of them, every
-- run on five days in a row. Made from the numbers of day and run alone: the same each time. (The tests of its queries use it, too.)
CREATE TEMPORARY TABLE told AS
SELECT
    d AS days_ago, %(day)s::date - d AS day, 'scheduled__' || -d AS dag_run_id, md5('tick ' || d)::uuid AS tick_id,
    'O' || (d / 5 * %(per_day)s + n) AS production_run_id, 'P' || n %% %(partners)s AS partner_id,
    md5(d || ' ' || n)::uuid AS id, %(now)s::timestamptz - d * interval '1 day' AS at,
    (ARRAY['reminder', 'reminder', 'reminder', 'digest', 'event'])[1 + n %% 5] AS message_kind,
    (ARRAY['read', 'delivered', 'sent', 'read', 'failed', 'skipped', 'delivered'])[1 + (n + d) %% 7] AS status
FROM generate_series(1, %(days)s) AS d, generate_series(1, %(per_day)s) AS n;

INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, inspected, no_partner, planned, created_at)
SELECT DISTINCT tick_id, 'production_run_reminders', dag_run_id, 'live', day, at, %(per_day)s, 0, %(per_day)s, at FROM told;

INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, day, context_type, context_id, message_kind, reminder_kind, event_name, event_id,
    event_hour, production_run_id, partner_id, sender, to_phone, language, template_name, variables, body_text, status, skip_reason,
    meta_message_id, error_code, attempts, created_at, updated_at, sent_at, claimed_at
)
SELECT
    id, 'production_run_reminders', dag_run_id, tick_id, 'live', day,
    CASE message_kind WHEN 'digest' THEN 'partner' ELSE 'production_run' END,
    production_run_id || ':' || message_kind || ':' || day,
    message_kind, CASE message_kind WHEN 'reminder' THEN 'idle' END, CASE message_kind WHEN 'event' THEN 'production_run.cancelled' END,
    CASE message_kind WHEN 'event' THEN 'event ' || id END,
    CASE message_kind WHEN 'event' THEN tstzrange(at, at + interval '1 hour') END,
    CASE WHEN message_kind <> 'digest' THEN production_run_id END,
    partner_id, 'in', '+9198290' || lpad(substr(partner_id, 2), 5, '0'), 'hi', 'jyt_production_run_reminder_idle_v1',
    jsonb_build_object('partner_name', 'Rajesh Textiles'), repeat('A text. ', 30), status, CASE status WHEN 'skipped' THEN 'moved_on' END,
    CASE WHEN status NOT IN ('failed', 'skipped') THEN 'wamid.' || id END, CASE status WHEN 'failed' THEN 131026 END,
    CASE status WHEN 'skipped' THEN 0 ELSE 1 END, at, at, at, at
FROM told;

INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, day, holds_slot)
SELECT id, production_run_id, message_kind, 'live', day, status NOT IN ('failed', 'skipped') FROM told;

INSERT INTO stuck_run (dag_run_id, production_run_id, kind, delivery, day, partner_id, design_id, since, quantity, observed_at)
SELECT dag_run_id, production_run_id, 'idle', 'live', day, partner_id, 'D1', at - interval '10 days', 250, at FROM told;

INSERT INTO produced_quantity_seen (production_run_id, number, produced_quantity, now, observed_at)
SELECT production_run_id, 1, 10, min(at), min(at) FROM told GROUP BY production_run_id;

INSERT INTO escalation (
    id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at, told_on, closed_at, closed_by, closed_why,
    over_at
)
SELECT id, 'live', production_run_id, 'idle', partner_id, 'ignored', at, dag_run_id, at, day, at, 'a tick', 'The run moved on.', at
FROM told
WHERE days_ago %% 5 = 0;

DROP TABLE told;
ANALYZE tick, message_log, message_run, stuck_run, produced_quantity_seen, escalation
