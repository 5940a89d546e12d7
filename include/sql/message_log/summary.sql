-- part: of_run
-- What a tick answers for: its own messages, and those that earlier passes of its DAG run have sent, or may have.
m.dag_id = %(dag_id)s
    AND m.dag_run_id = %(dag_run_id)s
    AND (m.tick_id = %(tick_id)s OR (m.delivery = %(delivery)s AND m.holds_slot AND m.status <> 'queued'))

-- name: summary
-- What became of a DAG run's messages, counted, and of what its last pass has skipped; follow-ups apart, as they never change how the
-- message they follow stands. A duplicate of what is not settled, or has failed, says so, and so does what Meta holds back. Of each
-- count the first few runs and their partners, to be named.
SELECT
    m.message_kind = 'followup' AS is_followup,
    CASE WHEN {% include "waits" %} THEN 'held' ELSE m.status END AS status,
    CASE
        WHEN other.status IN ('unknown', 'sending', 'failed') THEN m.skip_reason || ' of ' || other.status
        ELSE m.skip_reason
    END AS skip_reason,
    CASE WHEN m.status = 'sent' AND m.message_status <> 'accepted' THEN m.message_status END AS kept_by_meta,
    m.not_followed,
    count(*) AS messages,
    (array_agg(m.production_run_id ORDER BY m.partner_id, m.production_run_id, m.id))[:%(few)s] AS production_run_ids,
    (array_agg(m.partner_id ORDER BY m.partner_id, m.production_run_id, m.id))[:%(few)s] AS partner_ids
FROM message_log AS m LEFT JOIN message_log AS other ON other.id = m.duplicate_of
WHERE {% include "of_run" %}
GROUP BY 1, 2, 3, 4, 5

-- name: named
-- The messages of a DAG run that a person may ask about by name: failed, unknown, still queued, held back by Meta, over the limit; and
-- the duplicates of a message that is not settled or has failed. Of each such list no more than some, and how many it has.
SELECT *
FROM (
    SELECT
        m.id, m.message_kind,
        coalesce(
            m.production_run_id,
            (SELECT string_agg(r.production_run_id, ', ' ORDER BY r.production_run_id) FROM message_run AS r WHERE r.message_id = m.id)
        ) AS production_run_id,
        m.partner_id, m.status, m.skip_reason, m.error_code, m.error_detail,
        CASE WHEN m.status = 'sent' AND m.message_status <> 'accepted' THEN m.message_status END AS kept_by_meta,
        other.status AS other_status,
        row_number() OVER (PARTITION BY m.status, m.skip_reason ORDER BY m.production_run_id, m.id) AS place,
        count(*) OVER (PARTITION BY m.status, m.skip_reason) AS of_its_list
    FROM message_log AS m LEFT JOIN message_log AS other ON other.id = m.duplicate_of
    WHERE {% include "of_run" %}
        AND (
            m.status IN ('failed', 'unknown', 'queued', 'sending')
            OR (m.status = 'sent' AND m.message_status <> 'accepted')
            OR m.skip_reason = 'over_limit'
            OR other.status IN ('unknown', 'sending', 'failed')
        )
        AND NOT {% include "waits" %}
) AS named
WHERE place <= %(at_most)s
ORDER BY status, skip_reason, production_run_id

-- name: broken
-- How many of a DAG run's messages have failed, by Meta's code: a follow-up may, and what a person says did not arrive is settled.
SELECT m.error_code, count(*) AS messages
FROM message_log AS m
WHERE {% include "of_run" %}
    AND m.status = 'failed'
    AND m.message_kind <> 'followup'
    AND m.settled_by IS NULL
GROUP BY m.error_code

-- name: unapproved
-- Which templates were missing on which sender's account, for how many messages of a tick.
SELECT template_name, language, sender, count(*) AS messages
FROM message_log
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND skip_reason = 'no_approved_template'
GROUP BY template_name, language, sender
ORDER BY template_name, language, sender

-- name: undecided_runs
-- The runs that a DAG run found stuck, in kinds that it was to remind of, and about which nothing was decided on its day.
SELECT production_run_id
FROM stuck_run
WHERE dag_run_id = %(dag_run_id)s AND kind = ANY (%(kinds)s)
EXCEPT
SELECT coalesce(r.production_run_id, m.production_run_id)
FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
WHERE m.delivery = %(delivery)s
    AND m.redirected = %(redirected)s
    AND m.day >= %(day)s
    AND m.message_kind IN ('reminder', 'digest')
ORDER BY production_run_id

-- name: untold_unknown
-- The messages that are unknown and for which this pass of a DAG run fails: its own; those of which it has skipped a duplicate; and
-- (where it looks after the whole log) those that were claimed over an hour ago. Not those for which it failed in an earlier pass, nor
-- another run's for which any has failed.
SELECT m.id, m.dag_run_id
FROM message_log AS m
    CROSS JOIN LATERAL (SELECT m.dag_id = %(dag_id)s AND m.dag_run_id = %(dag_run_id)s AS its_own) AS whose
WHERE m.status = 'unknown'
    AND (
        m.unknown_told_by IS NULL
        OR (m.unknown_told_by = %(dag_run_id)s AND m.unknown_told_in >= %(clear_number)s)
        OR (m.unknown_told_by <> %(dag_run_id)s AND its_own)
    )
    AND (
        its_own
        OR m.id IN (
            SELECT d.duplicate_of
            FROM message_log AS d
            WHERE d.dag_id = %(dag_id)s AND d.dag_run_id = %(dag_run_id)s AND d.tick_id = %(tick_id)s
        )
        OR (%(of_all)s AND m.claimed_at < clock_timestamp() - interval '1 hour')
    )

-- name: note_unknown_told
-- A pass of a DAG run fails for these messages, which are unknown.
UPDATE message_log SET unknown_told_by = %(dag_run_id)s, unknown_told_in = %(clear_number)s WHERE id = ANY (%(ids)s)

-- name: ends_of_tick
-- What became of each run's reminder in a tick: the status of its message, or the reason it was skipped for.
SELECT DISTINCT ON (production_run_id) production_run_id, said
FROM (
    SELECT coalesce(r.production_run_id, m.production_run_id) AS production_run_id, coalesce(m.skip_reason, m.status) AS said,
        m.created_at, m.id
    FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id
    WHERE m.dag_id = %(dag_id)s
        AND m.dag_run_id = %(dag_run_id)s
        AND m.tick_id = %(tick_id)s
        AND m.message_kind IN ('reminder', 'digest')
) AS ended
WHERE production_run_id IS NOT NULL
ORDER BY production_run_id, created_at DESC, id
