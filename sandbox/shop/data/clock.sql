-- What the other files reckon with: the tick (from the setting sample_shop.tick), its day in India, and readable ids.

CREATE TEMP VIEW clock AS
SELECT tick,
       today_began,
       today_began + (tick - today_began) / 2             AS earlier_today,
       today_began - interval '1 hour'                    AS yesterday,
       to_char(today_began AT TIME ZONE zone, 'YYYY-MM-DD')                    AS today_is,
       to_char((today_began - interval '1 hour') AT TIME ZONE zone, 'YYYY-MM-DD') AS yesterday_was
FROM (SELECT current_setting('sample_shop.tick')::timestamptz AS tick, 'Asia/Kolkata' AS zone) AS given,
     LATERAL (SELECT date_trunc('day', tick, zone) AS today_began) AS day;

-- A ULID people can read: 01J, zeros, and the name the row has in these files (only Crockford's letters: no I, L, O, U).
CREATE FUNCTION pg_temp.ulid(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '01J' || lpad(name, 23, '0') $$;
CREATE FUNCTION pg_temp.run_id(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'prod_run_' || pg_temp.ulid(name) $$;
