-- Let one process at a time take its share of a number's rate; held until the end of the transaction, which a process
-- that falls asleep in it loses after two seconds, and its session with it.
SELECT
    set_config('idle_in_transaction_session_timeout', '2s', true),
    pg_advisory_xact_lock(hashtextextended('sender_share ' || %(phone_number_id)s, 0))
