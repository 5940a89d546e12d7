-- Which log this is and how far its server has written it down for good; every role may ask. (Not the control file's timeline, which
-- is that of the last checkpoint.)
SELECT
    (pg_control_system()).system_identifier::text AS system_identifier,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_id,
    ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer AS timeline,
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS written,
    clock_timestamp() AS seen_at
