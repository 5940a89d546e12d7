-- name: open_message_log
-- Let no commit of this session be lost that was confirmed, whatever the server's or the role's setting: a claim that a crash of the
-- server takes back is a message sent twice. On waits for a standby too, where the server has one that is to be waited for.
SELECT set_config(
    'synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false
)

-- name: server
-- What is to be known of the server before anything leaves: its clock, and which settings let a crash of its machine lose commits.
SELECT
    clock_timestamp() AS now,
    array(
        SELECT name FROM unnest(ARRAY['fsync', 'full_page_writes']) AS name WHERE current_setting(name) = 'off'
    ) AS off

-- name: read_position
-- Which log this is and how far its server has written it down for good; every role may ask. (Not the control file's timeline, which
-- is that of the last checkpoint.)
SELECT
    (pg_control_system()).system_identifier::text AS system_identifier,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_id,
    ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer AS timeline,
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS written,
    clock_timestamp() AS seen_at

-- name: log_is_trusted
-- Whether somebody has said, since a moment, that sending may go on from the log as it is.
SELECT EXISTS (
    SELECT FROM log_trusted
    WHERE system_identifier = %(system_identifier)s
        AND database_id = %(database_id)s
        AND timeline = %(timeline)s
        AND written <= %(written)s
        AND trusted_at > %(since)s
) AS is_trusted

-- name: trust_log
-- Write down who says that sending may go on from the log as it is, and why.
INSERT INTO log_trusted (id, system_identifier, database_id, timeline, written, trusted_at, trusted_by, trusted_why)
VALUES (%(id)s, %(system_identifier)s, %(database_id)s, %(timeline)s, %(written)s, clock_timestamp(), %(by)s, %(why)s)

-- name: halt
-- Halt all sending, and keep who said so and why; the same said again (a try whose answer was lost) counts once.
WITH halted AS (
    INSERT INTO halt AS h (since, who, why)
    VALUES (%(now)s, %(who)s, %(why)s)
    ON CONFLICT (only_one) DO UPDATE SET since = excluded.since, who = excluded.who, why = excluded.why
    WHERE (h.who, h.why) <> (excluded.who, excluded.why)
    RETURNING who, why
)
INSERT INTO audit (at, who, why, act, subject)
SELECT %(now)s, who, why, %(act)s, 'sending'
FROM halted
RETURNING id

-- name: go_on
-- End the halt, if there is one that is no later than the wish to end it, and keep who said so and why, and which it was.
WITH ended AS (
    DELETE FROM halt WHERE since <= %(asked_at)s RETURNING who, why, since
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT
    %(now)s, %(who)s, %(why)s, %(act)s, 'sending', jsonb_build_object('halted_by', who, 'halted_why', why, 'halted_since', since)
FROM ended
RETURNING id

-- name: standing_halt
-- Who has halted all sending by hand, why, and since when; asked before every claim.
SELECT who, why, since FROM halt
