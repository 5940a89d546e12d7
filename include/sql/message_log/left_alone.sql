-- name: left_alone
-- Who, and which runs, are left alone by hand on a day or later.
SELECT partner_id, production_run_id, until, since, who, why
FROM left_alone
WHERE ended_at IS NULL AND until > %(day)s
ORDER BY until, id

-- name: leave_alone
-- Leave a partner or a run alone until a day; who and why is kept in the audit. What stood before was ended.
WITH begun AS (
    INSERT INTO left_alone (partner_id, production_run_id, until, since, who, why)
    VALUES (%(partner_id)s, %(production_run_id)s, %(until)s, %(now)s, %(who)s, %(why)s)
    ON CONFLICT DO NOTHING
    RETURNING coalesce(partner_id, production_run_id) AS whose, until
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, whose, jsonb_build_object('until', until) FROM begun
RETURNING id

-- name: end_left_alone
-- End that a partner or a run is left alone by hand, where that is not over by itself.
UPDATE left_alone
SET ended_at = %(now)s, ended_by = %(who)s
WHERE ended_at IS NULL AND (partner_id = %(partner_id)s OR production_run_id = %(production_run_id)s)
RETURNING until

-- name: note_written_again
-- Note in the audit who has ended that a partner or a run is left alone, and why.
INSERT INTO audit (at, who, why, act, subject) VALUES (%(now)s, %(who)s, %(why)s, %(act)s, coalesce(%(partner_id)s, %(production_run_id)s))

-- name: delete_left_alone
-- Delete the oldest of what is over.
DELETE FROM left_alone
WHERE id = ANY (ARRAY (SELECT id FROM left_alone WHERE until < %(before)s::date ORDER BY until LIMIT %(at_most)s))
RETURNING id

-- part: left_alone_by
-- Who had left a message's partner, or its run, alone by hand on its day, until when and why.
(
    SELECT a.who || ' until ' || a.until || ': ' || a.why
    FROM left_alone AS a
    WHERE m.skip_reason = 'paused'
        AND (a.partner_id = m.partner_id OR a.production_run_id = m.production_run_id)
        AND a.since < m.day + 1
        AND a.until > m.day
        AND (a.ended_at IS NULL OR a.ended_at >= m.day)
    ORDER BY a.until DESC
    LIMIT 1
)
