-- The past's production runs as they stand at a moment.
INSERT INTO production_runs AS r
    (id, status, partner_id, design_id, quantity, produced_quantity, created_at, dispatch_completed_at, accepted_at, started_at, finished_at,
     completed_at, snapshot, captured_at, updated_at)
SELECT id, status, partner_id, design_id, quantity, produced_quantity, sent_at, sent_at, accepted_at, started_at, finished_at, finished_at,
    '{}', sent_at, %(now)s
FROM json_to_recordset(%(runs)s) AS s (
        id text, status text, partner_id text, design_id text, quantity real, produced_quantity real, sent_at timestamptz,
        accepted_at timestamptz, started_at timestamptz, finished_at timestamptz
    )
ON CONFLICT (id) DO UPDATE
SET status = excluded.status, produced_quantity = excluded.produced_quantity, accepted_at = excluded.accepted_at,
    started_at = excluded.started_at, finished_at = excluded.finished_at, completed_at = excluded.completed_at, updated_at = excluded.updated_at
