-- Many runs, fast: of sample_shop.runs runs, sample_shop.stuck wait for one of sample_shop.partners partners, a third of them in each
-- state; the rest are completed, cancelled or moving well. Of the partners one of sample_shop.abroad is in Italy, the rest in India
-- (0: all of them). Made from the row number alone: the same each time.

INSERT INTO partner (id, name, status, whatsapp_number, whatsapp_verified, country_code)
SELECT
    pg_temp.ulid('P' || n), 'Partner ' || n, 'active',
    CASE WHEN abroad THEN '+39347' ELSE '+91982' END || lpad((9010000 + n)::text, 7, '0'), true,
    CASE WHEN abroad THEN 'IT' ELSE 'IN' END
FROM generate_series(1, current_setting('sample_shop.partners')::integer) AS n,
    LATERAL (SELECT coalesce(n % nullif(current_setting('sample_shop.abroad')::integer, 0) = 0, false) AS abroad) AS where_they_are;

INSERT INTO design (id, name)
SELECT pg_temp.ulid('D' || n), 'Design ' || n
FROM generate_series(1, 500) AS n;

INSERT INTO production_runs
    (id, status, partner_id, design_id, quantity, produced_quantity, created_at, dispatch_completed_at,
     accepted_at, started_at, finished_at, completed_at, cancelled_at, snapshot, captured_at)
SELECT
    pg_temp.run_id(to_char(n, 'FM000000000')),
    CASE
        WHEN state IN ('sent', 'sent lately') THEN 'sent_to_partner'
        WHEN state IN ('completed', 'cancelled') THEN state
        ELSE 'in_progress'
    END,
    -- (Every hundredth row alone is stuck: by its number alone it would be one of a few partners' and designs'.)
    pg_temp.ulid('P' || 1 + (n + n / nth) % current_setting('sample_shop.partners')::integer),
    pg_temp.ulid('D' || 1 + (n + n / nth) % 500),
    50 + n % 200,
    CASE state WHEN 'started' THEN n % 50 WHEN 'completed' THEN 50 + n % 200 END,
    created,
    created + interval '10 minutes',
    CASE WHEN state IN ('accepted', 'started', 'completed') THEN created + interval '1 day' END,
    CASE WHEN state IN ('started', 'completed') THEN created + interval '2 days' END,
    CASE WHEN state = 'completed' THEN created + interval '20 days' END,
    CASE WHEN state = 'completed' THEN created + interval '21 days' END,
    CASE WHEN state = 'cancelled' THEN created + interval '1 day' END,
    jsonb_build_object('design', 'D' || 1 + (n + n / nth) % 500),
    created
FROM (
    SELECT n,
           nth,
           state,
           tick - CASE state WHEN 'sent lately' THEN interval '1 hour' WHEN 'completed' THEN interval '40 days'
                             WHEN 'cancelled' THEN interval '40 days' ELSE interval '10 days' END
                - n % 500 * interval '1 minute' AS created
    FROM clock,
         generate_series(1, current_setting('sample_shop.runs')::integer) AS n,
         LATERAL (SELECT current_setting('sample_shop.runs')::integer / current_setting('sample_shop.stuck')::integer AS nth) AS share,
         LATERAL (SELECT CASE
                             WHEN n % nth = 0 THEN (ARRAY ['sent', 'accepted', 'started'])[1 + n / nth % 3]
                             WHEN n % 100 = 1 THEN 'sent lately'
                             WHEN n % 10 = 2 THEN 'cancelled'
                             ELSE 'completed'
                         END AS state) AS of_run
) AS run;

-- What the shop notes of the runs that are not over, and a log of what partners used up long before the runs went quiet.
INSERT INTO production_run_activity (id, production_run_id, activity_type, kind, actor_type, partner_id, occurred_at)
SELECT 'A' || kind || run.id, run.id, 'lifecycle_event', kind, 'system', run.partner_id, moment
FROM production_runs AS run,
    LATERAL (VALUES ('sent_to_partner', dispatch_completed_at), ('accepted', accepted_at), ('started', started_at)) AS noted (kind, moment)
WHERE run.status IN ('sent_to_partner', 'in_progress') AND moment IS NOT NULL;

INSERT INTO consumption_log (id, design_id, production_run_id, quantity, consumption_type, consumed_by, consumed_at)
SELECT 'C' || day || run.id, run.design_id, run.id, 5, 'production', 'partner', run.started_at + day * interval '1 day'
FROM production_runs AS run, generate_series(1, 3) AS day
WHERE run.status = 'in_progress' AND run.started_at IS NOT NULL;
