-- The production runs: both sides of every threshold, every state, and runs that move just after the tick.
-- Times are how long before the tick something happened; a minus sign puts it after the tick. What each row comes to is in
-- expectations.toml.

INSERT INTO production_runs
    (id, status, partner_id, design_id, quantity, produced_quantity,
     created_at, dispatch_started_at, dispatch_completed_at, accepted_at, started_at, finished_at, completed_at, cancelled_at,
     snapshot, captured_at, updated_at)
SELECT pg_temp.run_id(id), status, pg_temp.ulid(partner), pg_temp.ulid(design), quantity, produced,
       tick - created::interval, tick - dispatched::interval - interval '1 minute', tick - dispatched::interval,
       tick - accepted::interval, tick - started::interval, tick - finished::interval,
       CASE status WHEN 'completed' THEN tick - ended::interval END, CASE status WHEN 'cancelled' THEN tick - ended::interval END,
       jsonb_build_object('design', design), tick - created::interval, tick - created::interval
FROM clock, (VALUES
--   id               status                   partner    design    quantity  produced  created   dispatched  accepted  started   finished  ended

    -- sent, not accepted: stuck after 24 hours
    ('SENT25H',       'sent_to_partner',       'RAJESH',  'KAMEEZ', 250,      NULL,     '25h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('SENT24H1S',     'sent_to_partner',       'MEERA',   'SAREE',  40,       NULL,     '24h 1s', NULL,       NULL,     NULL,     NULL,     NULL),
    ('SENT24H',       'sent_to_partner',       'MEERA',   'SAREE',  40,       NULL,     '24h',    NULL,       NULL,     NULL,     NULL,     NULL),   -- exactly at the threshold: not yet
    ('SENT23H',       'sent_to_partner',       'MEERA',   'SAREE',  40,       NULL,     '23h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('SENT10D',       'sent_to_partner',       'RAJESH',  'TENT',   1,        NULL,     '240h',   NULL,       NULL,     NULL,     NULL,     NULL),
    ('HANDED26H',     'sent_to_partner',       'BHARAT',  'BARE',   12.5,     NULL,     '96h',    '26h',      NULL,     NULL,     NULL,     NULL),   -- the partner got it later than it was created
    ('HANDED23H',     'sent_to_partner',       'BHARAT',  'DRAPE',  12.5,     NULL,     '96h',    '23h',      NULL,     NULL,     NULL,     NULL),
    ('HANDED50H',     'sent_to_partner',       'HEMANT',  'ABSENT', 100,      NULL,     '30h',    '50h',      NULL,     NULL,     NULL,     NULL),   -- dispatch before creation: creation counts
    ('RESENT26H',     'sent_to_partner',       'BHARAT',  'TENT',   20,       NULL,     '1992h',  NULL,       NULL,     NULL,     NULL,     NULL),   -- made 83 days ago, handed over yesterday: see the activity
    ('RESENT2H',      'sent_to_partner',       'BHARAT',  'TENT',   20,       NULL,     '1992h',  NULL,       NULL,     NULL,     NULL,     NULL),   -- made 83 days ago, asked for once more just now
    ('ACCEPTSAFTER',  'in_progress',           'ANAND',   'KAMEEZ', 80,       NULL,     '48h',    NULL,       '-6h',    NULL,     NULL,     NULL),   -- accepted after the tick
    ('AXEDAFTER',     'cancelled',             'NAMEGAP', 'ERASED', 80,       NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     '-5h'),  -- cancelled after the tick
    ('FRESHAFTER',    'sent_to_partner',       'RAJESH',  'KAMEEZ', 80,       NULL,     '-2h',    NULL,       NULL,     NULL,     NULL,     NULL),   -- created after the tick

    -- accepted, not started: stuck after 24 hours
    ('ACCEPT25H',     'in_progress',           'RAJESH',  'KAMEEZ', 250,      NULL,     '60h',    '59h',      '25h',    NULL,     NULL,     NULL),
    ('ACCEPT24H1S',   'in_progress',           'KARAN',   NULL,     30,       NULL,     '60h',    '59h',      '24h 1s', NULL,     NULL,     NULL),
    ('ACCEPT24H',     'in_progress',           'KARAN',   'DRAPE',  30,       NULL,     '60h',    '59h',      '24h',    NULL,     NULL,     NULL),   -- exactly at the threshold: not yet
    ('ACCEPT23H',     'in_progress',           'KARAN',   'DRAPE',  30,       NULL,     '60h',    '59h',      '23h',    NULL,     NULL,     NULL),
    ('ACCEPTSENT',    'sent_to_partner',       'SYDNEY',  'SHAW',   60,       NULL,     '70h',    NULL,       '50h',    NULL,     NULL,     NULL),   -- accepted, the status did not follow
    ('STARTSAFTER',   'in_progress',           'MARTA',   'SCARF',  60,       NULL,     '90h',    NULL,       '74h',    '-2h',    NULL,     NULL),   -- started after the tick
    ('C0TT0NGAP',     'in_progress',           'KARAN',   'DRAPE',  30,       NULL,     '90h',    '89h',      '80h',    NULL,     NULL,     NULL),   -- its cloth is on the way, see below

    -- started, not finished: stuck after 72 hours
    ('START73H',      'in_progress',           'RAJESH',  'KAMEEZ', 250,      120,      '200h',   '199h',     '100h',   '73h',    NULL,     NULL),
    ('START72H1S',    'in_progress',           'ENEA',    'SCARF',  40.5,     12.5,     '200h',   '199h',     '100h',   '72h 1s', NULL,     NULL),
    ('START72H',      'in_progress',           'ENEA',    'SCARF',  40.5,     12.5,     '200h',   '199h',     '100h',   '72h',    NULL,     NULL),   -- exactly at the threshold: not yet
    ('START71H',      'in_progress',           'ENEA',    'SCARF',  40.5,     NULL,     '200h',   '199h',     '100h',   '71h',    NULL,     NULL),
    ('START80H',      'in_progress',           'GANESH',  'SAREE',  250,      NULL,     '200h',   NULL,       NULL,     '80h',    NULL,     NULL),   -- started without accepting; reported nothing
    ('STEADY200H',    'in_progress',           'GANESH',  'SAREE',  250,      90,       '300h',   NULL,       '290h',   '200h',   NULL,     NULL),   -- started long ago, worked on daily: see the log of what was used up
    ('SNAP150H',      'in_progress',           'KARAN',   'DRAPE',  30,       NULL,     '300h',   '299h',     '290h',   '150h',   NULL,     NULL),   -- sent a photo: see the activity
    ('CARTED150H',    'in_progress',           'KARAN',   'DRAPE',  30,       NULL,     '300h',   '299h',     '290h',   '150h',   NULL,     NULL),   -- sent goods off
    ('READY',         'in_progress',           'GANESH',  'SAREE',  250,      250,      '200h',   NULL,       '190h',   '180h',   '30h',    NULL),   -- finished: waits for the shop
    ('READYAFTER',    'in_progress',           'TEXAS',   'TENT',   60,       30,       '200h',   NULL,       '190h',   '100h',   '-3h',    NULL),   -- finished after the tick
    ('ENDSAFTER',     'completed',             'RAJESH',  'TENT',   60,       59,       '200h',   NULL,       '190h',   '90h',    '-3h',    '-4h'),  -- completed after the tick

    -- nobody to remind: these states wait for the shop
    ('DRAFT',         'draft',                 NULL,      'KAMEEZ', 1,        NULL,     '200h',   NULL,       NULL,     NULL,     NULL,     NULL),
    ('CHECK',         'pending_review',        NULL,      'KAMEEZ', 1,        NULL,     '200h',   NULL,       NULL,     NULL,     NULL,     NULL),
    ('AGREED',        'approved',              'RAJESH',  'KAMEEZ', 1,        NULL,     '200h',   NULL,       NULL,     NULL,     NULL,     NULL),
    ('ENDED',         'completed',             'RAJESH',  'KAMEEZ', 250,      250,      '900h',   NULL,       '890h',   '880h',   '500h',   '480h'),
    ('AXED',          'cancelled',             'RAJESH',  'KAMEEZ', 250,      NULL,     '900h',   NULL,       '890h',   NULL,     NULL,     '480h'),
    ('PARKED',        'awaiting_reassignment', NULL,      'KAMEEZ', 250,      NULL,     '900h',   NULL,       NULL,     NULL,     NULL,     NULL),
    ('ERASED',        'sent_to_partner',       'RAJESH',  'KAMEEZ', 250,      NULL,     '100h',   NULL,       NULL,     NULL,     NULL,     NULL),   -- soft-deleted, see below

    -- nobody's turn
    ('PARTNERGAP',    'sent_to_partner',       NULL,      'KAMEEZ', 250,      NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('PARENT',        'in_progress',           NULL,      'DRAPE',  90,       NULL,     '300h',   NULL,       NULL,     NULL,     NULL,     NULL),   -- split into the two below
    ('PARENTA',       'in_progress',           'SYDNEY',  'DRAPE',  45,       0,        '290h',   NULL,       '280h',   '150h',   NULL,     NULL),
    ('PARENTB',       'in_progress',           'RAJESH',  'DRAPE',  45,       NULL,     '290h',   NULL,       '280h',   '20h',    NULL,     NULL),

    -- a partner who cannot or must not be reached
    ('NEHA30H',       'sent_to_partner',       'NEHA',    'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('ESHA30H',       'sent_to_partner',       'ESHA',    'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('VASANT30H',     'sent_to_partner',       'VASANT',  'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('PRANAV30H',     'sent_to_partner',       'PRANAV',  'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('HENG30H',       'sent_to_partner',       'HENG',    'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('SAMEER30H',     'in_progress',           'SAMEER',  'KAMEEZ', 5,        NULL,     '60h',    NULL,       '30h',    NULL,     NULL,     NULL),
    ('JAYA30H',       'sent_to_partner',       'JAYA',    'KAMEEZ', 5,        NULL,     '30h',    NULL,       NULL,     NULL,     NULL,     NULL),
    ('TARA30H',       'in_progress',           'TARA',    'KAMEEZ', 5,        NULL,     '60h',    NULL,       '30h',    NULL,     NULL,     NULL),
    ('REKHA80H',      'in_progress',           'REKHA',   'KAMEEZ', 5,        2,        '200h',   NULL,       '190h',   '80h',    NULL,     NULL),

    -- reminders the shop itself sent
    ('MSGT0DAY',      'sent_to_partner',       'MEERA',   'SAREE',  5,        NULL,     '50h',    NULL,       NULL,     NULL,     NULL,     NULL),   -- today, by its inbox
    ('MSGYESTERDAY',  'sent_to_partner',       'YASH',    'SAREE',  5,        NULL,     '50h',    NULL,       NULL,     NULL,     NULL,     NULL),   -- yesterday
    ('MARKT0DAY',     'in_progress',           'ANAND',   'SAREE',  5,        1,        '200h',   NULL,       '190h',   '80h',    NULL,     NULL),   -- today, by the run's own mark
    ('MARKDR0P',      'in_progress',           'PANKAJ',  'SAREE',  5,        1,        '200h',   NULL,       '190h',   '80h',    NULL,     NULL),   -- today, but its message failed
    ('MARKYESTERDAY', 'in_progress',           'PANKAJ',  'SAREE',  5,        1,        '200h',   NULL,       '190h',   '80h',    NULL,     NULL)    -- yesterday
) AS row (id, status, partner, design, quantity, produced, created, dispatched, accepted, started, finished, ended);

UPDATE production_runs SET deleted_at = tick - interval '5 hours' FROM clock WHERE id = pg_temp.run_id('ERASED');
UPDATE production_runs SET parent_run_id = pg_temp.run_id('PARENT') WHERE id IN (pg_temp.run_id('PARENTA'), pg_temp.run_id('PARENTB'));
UPDATE production_runs SET run_type = 'sample' WHERE id = pg_temp.run_id('SENT10D');
UPDATE production_runs SET cancelled_reason = 'Customer changed the order' WHERE id = pg_temp.run_id('AXED');
UPDATE production_runs SET previous_partner_id = pg_temp.ulid('RAJESH'), reassign_retry_count = 2, reminder_status = 'closed' WHERE id = pg_temp.run_id('PARKED');
UPDATE production_runs SET reminder_count = 3, reminder_kind = 'idle', reminder_status = 'active', last_reminded_at = earlier_today
FROM clock WHERE id IN (pg_temp.run_id('MARKT0DAY'), pg_temp.run_id('MARKDR0P'));
UPDATE production_runs SET reminder_count = 1, reminder_kind = 'idle', reminder_status = 'active', last_reminded_at = yesterday
FROM clock WHERE id = pg_temp.run_id('MARKYESTERDAY');

INSERT INTO inventory_orders (id, quantity, total_price, status, order_date, created_at, updated_at)
SELECT 'inv_order_' || pg_temp.ulid(id), quantity, price, status, tick - ordered::interval, tick - ordered::interval, tick - changed::interval
FROM clock, (VALUES
--   id       quantity  price  status       ordered  changed
    ('C0T0N', 60,       9000,  'Delivered', '300h',  '100h'),
    ('DYE',   4,        1200,  'Shipped',   '120h',  '50h')
) AS row (id, quantity, price, status, ordered, changed);

UPDATE production_runs
SET depends_on_inventory_order_ids = (SELECT jsonb_agg(id ORDER BY id) FROM inventory_orders)
WHERE id = pg_temp.run_id('C0TT0NGAP');
