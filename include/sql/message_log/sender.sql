-- name: open_stop
-- The stop of a sender that is not lifted yet.
SELECT
    id, error_code, error_detail, probe_token,
    (dag_id, dag_run_id, clear_number) = (%(dag_id)s, %(dag_run_id)s, %(clear_number)s) AS of_this_run,
    try_number >= %(try_number)s AS of_this_try
FROM sender_stop
WHERE sender = %(sender)s AND lifted_at IS NULL

-- name: stop_sender
-- Stop a sender for all tasks of a DAG run at once; a stop that is not lifted yet becomes this run's, and another one: who has
-- read the earlier one can no longer become its prober.
INSERT INTO sender_stop (id, sender, dag_id, dag_run_id, clear_number, try_number, error_code, error_detail)
VALUES (
    %(id)s, %(sender)s, %(dag_id)s, %(dag_run_id)s, %(clear_number)s, %(try_number)s, %(error_code)s, %(error_detail)s
)
ON CONFLICT (sender) WHERE lifted_at IS NULL DO UPDATE
SET
    id = excluded.id, dag_id = excluded.dag_id, dag_run_id = excluded.dag_run_id, clear_number = excluded.clear_number,
    try_number = excluded.try_number, error_code = excluded.error_code, error_detail = excluded.error_detail, stopped_at = now(), probe_token = NULL

-- name: stops_of
-- The senders that are stopped for this pass of a DAG run.
SELECT sender, error_detail
FROM sender_stop
WHERE lifted_at IS NULL AND dag_id = %(dag_id)s AND dag_run_id = %(dag_run_id)s AND clear_number = %(clear_number)s
ORDER BY sender

-- name: stopped_senders
-- The senders that are stopped now.
SELECT sender, error_detail FROM sender_stop WHERE lifted_at IS NULL

-- name: lift_stop
-- Meta took a message of this sender again.
UPDATE sender_stop SET lifted_at = now(), probe_token = NULL WHERE id = %(id)s AND lifted_at IS NULL

-- name: become_prober
-- Become the one who probes a stopped sender with one message; whoever probed and vanished loses the right after the lease.
UPDATE sender_stop
SET probe_token = %(token)s, probed_at = clock_timestamp()
WHERE id = %(id)s
    AND lifted_at IS NULL
    AND (probe_token IS NULL OR probed_at < clock_timestamp() - %(lease)s)
RETURNING id

-- name: release_probe
-- The probe told nothing about the sender (no answer came): the next task may try.
UPDATE sender_stop SET probe_token = NULL WHERE id = %(id)s AND probe_token = %(token)s AND lifted_at IS NULL

-- name: take_share
-- Take a share of a number's rate, or change it: what nobody else holds, but where others want more, no more than an even part.
-- Shares are whole messages a second (but for whoever is alone): in no second do they come to more than the rate, wherever the
-- seconds of each begin.
{%- set live = "phone_number_id = %(phone_number_id)s AND token <> %(token)s AND expires_at > clock_timestamp()" %}
WITH gone AS (
    DELETE FROM sender_share
    WHERE phone_number_id = %(phone_number_id)s AND token <> %(token)s AND expires_at <= clock_timestamp()
),
even AS (
    SELECT greatest(1, floor(%(rate)s / (1 + count(*) FILTER (WHERE wanted > 0)))) AS part, count(*) AS others
    FROM sender_share
    WHERE {{ live }}
),
others AS (
    SELECT coalesce(sum(per_second), 0) AS hold, coalesce(sum(least(wanted, even.part)), 0) AS are_due
    FROM sender_share CROSS JOIN even
    WHERE {{ live }}
),
mine AS (
    SELECT
        CASE
            WHEN even.others = 0 THEN least(%(rate)s, %(wanted)s)
            ELSE greatest(
                0, floor(least(%(wanted)s, %(rate)s - others.hold, greatest(even.part, %(rate)s - others.are_due)))
            )
        END AS per_second
    FROM even CROSS JOIN others
)
INSERT INTO sender_share AS held (phone_number_id, token, wanted, per_second, expires_at)
SELECT %(phone_number_id)s, %(token)s, %(wanted)s, per_second, clock_timestamp() + %(lease)s FROM mine
ON CONFLICT (phone_number_id, token) DO UPDATE
SET wanted = excluded.wanted, per_second = excluded.per_second, expires_at = excluded.expires_at
RETURNING per_second

-- name: lock_shares
-- Let one process at a time take its share of a number's rate; locked until the end of the transaction, which a process
-- that falls asleep in it loses after two seconds, and its session with it.
SELECT
    set_config('idle_in_transaction_session_timeout', '2s', true),
    pg_advisory_xact_lock(hashtextextended('sender_share ' || %(phone_number_id)s, 0))

-- name: give_back_share
-- Give a share of a number's rate back, from the moment on at which its next message might have left.
UPDATE sender_share
SET wanted = 0, expires_at = clock_timestamp() + %(after)s
WHERE phone_number_id = %(phone_number_id)s AND token = %(token)s

-- name: delete_sender_stops
-- Delete the stops of senders that were lifted longest ago.
DELETE FROM sender_stop
WHERE id = ANY (ARRAY (SELECT id FROM sender_stop WHERE lifted_at < %(before)s ORDER BY lifted_at LIMIT %(at_most)s))
RETURNING id
