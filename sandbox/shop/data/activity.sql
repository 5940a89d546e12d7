-- What has happened to the runs, as the shop's own recorder notes it: nothing is ever put down to a partner. A partner's daily work shows
-- in the log of what was used up.

INSERT INTO production_run_activity (id, production_run_id, activity_type, kind, actor_type, partner_id, payload, occurred_at)
SELECT pg_temp.ulid(id), pg_temp.run_id(run), activity_type, kind, actor_type, pg_temp.ulid(partner), payload::jsonb, occurred
FROM clock, LATERAL (VALUES
--   id    run              activity_type      kind                             actor_type        partner   payload                                 occurred
    -- written when the shop emits its event, before anything is sent
    ('A1', 'MARKT0DAY',     'reminder_sent',   'idle',                          'scheduled_flow', 'ANAND',  '{"reminder_kind": "idle"}',            earlier_today),
    ('A2', 'MARKDR0P',      'reminder_sent',   'idle',                          'scheduled_flow', 'PANKAJ', '{"reminder_kind": "idle"}',            earlier_today),
    ('A3', 'MARKYESTERDAY', 'reminder_sent',   'idle',                          'scheduled_flow', 'PANKAJ', '{"reminder_kind": "idle"}',            yesterday),
    -- how runs came to their partners, and went from them
    ('B1', 'PARKED',        'lifecycle_event', 'reassignment_needed',           'system',         NULL,     '{"reason": "reminder_cap_reached"}',   tick - interval '800 hours'),
    ('B2', 'RESENT26H',     'lifecycle_event', 'sent_to_partner',               'system',         'RAJESH', NULL,                                   tick - interval '1991 hours'),
    ('B3', 'RESENT26H',     'lifecycle_event', 'reassignment_needed',           'system',         NULL,     '{"reason": "capacity"}',               tick - interval '100 hours'),
    ('B4', 'RESENT26H',     'lifecycle_event', 'partner_assigned',              'system',         'BHARAT', NULL,                                   tick - interval '27 hours'),
    ('B5', 'RESENT26H',     'lifecycle_event', 'sent_to_partner',               'system',         'BHARAT', NULL,                                   tick - interval '26 hours'),
    ('B6', 'RESENT2H',      'lifecycle_event', 'sent_to_partner',               'system',         'BHARAT', NULL,                                   tick - interval '100 hours'),
    ('B7', 'RESENT2H',      'lifecycle_event', 'reminder_retried_same_partner', 'system',         'BHARAT', '{"retry_count": 1}',                   tick - interval '2 hours'),
    ('B8', 'START73H',      'lifecycle_event', 'started',                       'system',         'RAJESH', NULL,                                   tick - interval '73 hours'),
    -- work
    ('C1', 'SNAP150H',      'note',            'media_attached',                'admin',          'KARAN',  '{"source": "messaging_inbox"}',        tick - interval '30 hours'),
    ('C2', 'CARTED150H',    'system',          'goods_transfer_shipped',        'system',         'KARAN',  NULL,                                   tick - interval '50 hours'),
    ('C3', 'PARENTA',       'note',            'media_attached',                'admin',          'SYDNEY', '{"source": "messaging_inbox"}',        tick - interval '100 hours'),
    -- no work of the run's partner, or none yet
    ('D1', 'START80H',      'note',            'admin_comment',                 'admin',          'GANESH', '{"text": "Called, nobody answered"}',  tick - interval '5 hours'),
    ('D2', 'START72H1S',    'note',            'media_attached',                'admin',          'MARTA',  '{"source": "messaging_inbox"}',        tick - interval '10 hours'),
    ('D3', 'READYAFTER',    'note',            'media_attached',                'admin',          'TEXAS',  '{"source": "messaging_inbox"}',        tick + interval '2 hours')
) AS row (id, run, activity_type, kind, actor_type, partner, payload, occurred);

INSERT INTO consumption_log
    (id, design_id, production_run_id, quantity, consumption_type, consumed_by, consumed_at, created_at, updated_at, metadata, deleted_at)
SELECT pg_temp.ulid(id), pg_temp.ulid(design), pg_temp.run_id(run), quantity, consumption_type, consumed_by, consumed, consumed, consumed, metadata,
    tick - deleted::interval
FROM clock, LATERAL (VALUES
--   id    design   run           quantity  consumption_type  consumed_by  consumed                       metadata                                                             deleted
    ('E1', 'SAREE', 'STEADY200H', 6.5,      'production',     'partner',   tick - interval '44 hours',    NULL,                                                                NULL),
    ('E2', 'SAREE', NULL,         6,        'production',     'partner',   tick - interval '20 hours',    jsonb_build_object('production_run_id', pg_temp.run_id('STEADY200H')), NULL),   -- as the partners' own page names the run
    ('E3', 'SAREE', 'START80H',   250,      'production',     'admin',     tick - interval '4 hours',     NULL,                                                                NULL),   -- the shop sent cloth
    ('E4', 'SAREE', 'START80H',   3,        'production',     'partner',   tick - interval '3 hours',     NULL,                                                                '2h'),   -- taken back
    ('E5', 'SAREE', NULL,         1,        'sample',         'partner',   tick - interval '2 hours',     NULL,                                                                NULL),   -- of no run
    ('E6', 'SCARF', 'START72H1S', 9,        'production',     'partner',   tick - interval '90 hours',    NULL,                                                                NULL),   -- before the start
    ('E7', 'TENT',  'READYAFTER', 8,        'labor',          'partner',   tick + interval '1 hour',      NULL,                                                                NULL)
) AS row (id, design, run, quantity, consumption_type, consumed_by, consumed, metadata, deleted);
