-- Note the produced quantities just read, of runs not seen before and where they changed. Two readers at once give a change the same
-- number, so that it is noted once; in the order of the run ids, so that they wait for each other instead of locking each other
-- out. No change is: a reading older than the one noted last, and a quantity that is gone (a correction, a fault; nobody's work).
INSERT INTO produced_quantity_seen (production_run_id, number, produced_quantity, now, observed_at)
SELECT r.production_run_id, coalesce(last.number, 0) + 1, r.produced_quantity, %(now)s, %(observed_at)s
FROM json_to_recordset(%(readings)s) AS r (production_run_id text, produced_quantity real)
    LEFT JOIN LATERAL (
        SELECT number, produced_quantity, observed_at
        FROM produced_quantity_seen AS seen
        WHERE seen.production_run_id = r.production_run_id
        ORDER BY number DESC
        LIMIT 1
    ) AS last ON true
WHERE last.number IS NULL
    OR (
        r.produced_quantity IS NOT NULL
        AND r.produced_quantity IS DISTINCT FROM last.produced_quantity
        AND last.observed_at <= %(observed_at)s
    )
ORDER BY r.production_run_id
ON CONFLICT DO NOTHING
