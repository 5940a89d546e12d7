-- On which days before this one the partners of the runs that a DAG run found stuck were reminded of them in the kind that it
-- found them in, since they were last found in another or with another partner: what Meta took, or what was rehearsed, in this
-- delivery's own history. Of the day on which its clock began, what a tick before that moment reminded of was an earlier stall.
-- Whoever had a run before was reminded in vain; whoever has it now, or has it back, starts again.
--
-- (One run after the other, each by its own history and its messages' ids: PostgreSQL cannot know how few rows that is, and would
-- else read the whole past, or all that the partner was ever sent.)
SELECT found.production_run_id, reminded.days
FROM stuck_run AS found
    CROSS JOIN LATERAL (
        SELECT max(other.day) AS day
        FROM stuck_run AS other
        WHERE other.production_run_id = found.production_run_id
            AND other.delivery = %(delivery)s
            AND other.day < %(day)s
            AND (other.kind <> found.kind OR other.partner_id IS DISTINCT FROM found.partner_id)
    ) AS elsewhere
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT r.day ORDER BY r.day) AS days
        FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id
        WHERE r.production_run_id = found.production_run_id
            AND r.delivery = %(delivery)s
            AND r.redirected = %(redirected)s
            AND r.day < %(day)s
            AND (elsewhere.day IS NULL OR r.day >= elsewhere.day)
            AND m.partner_id IS NOT DISTINCT FROM found.partner_id
            AND (
                r.day <> (found.since AT TIME ZONE %(timezone)s)::date
                OR EXISTS (SELECT FROM tick AS t WHERE t.id = m.tick_id AND t.now > found.since)
            )
            AND r.message_kind IN ('reminder', 'digest')
            AND m.status IN ('sent', 'delivered', 'read', 'unknown', 'rehearsed')
            AND (
                m.reminder_kind = found.kind
                -- A digest has no kind of its own; what it said of a run is what was found that day. By whom is all one: a backfill
                -- that does a live run of the DAG again, as a rehearsal, writes down anew what that run had found.
                OR (m.reminder_kind IS NULL AND EXISTS (
                    SELECT FROM stuck_run AS then_found
                    WHERE then_found.production_run_id = found.production_run_id
                        AND then_found.day = r.day
                        AND then_found.kind = found.kind
                ))
            )
    ) AS reminded
WHERE found.dag_run_id = %(dag_run_id)s AND reminded.days IS NOT NULL
