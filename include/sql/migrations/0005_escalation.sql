-- What needs a person: one row for a run and a reason, from when it was found until the run moved on.

CREATE TABLE escalation (
    id uuid PRIMARY KEY,
    delivery text NOT NULL CHECK (delivery IN ('live', 'dry_run', 'redirect')),
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    kind text CHECK (kind IN ('assignment_pending', 'not_started', 'idle')),
    partner_id text CHECK (partner_id <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    since timestamptz NOT NULL,
    dag_run_id text NOT NULL,
    opened_at timestamptz NOT NULL,
    told_on date,
    closed_at timestamptz,
    closed_by text CHECK (btrim(closed_by) <> ''),
    closed_why text CHECK (btrim(closed_why) <> ''),
    over_at timestamptz,
    CONSTRAINT who_closes_says_why CHECK (num_nulls(closed_at, closed_by, closed_why) IN (0, 3)),
    CONSTRAINT what_is_over_is_closed CHECK (over_at IS NULL OR closed_at IS NOT NULL),
    CONSTRAINT only_live_ones_are_told CHECK (told_on IS NULL OR delivery = 'live'),
    CONSTRAINT who_is_in_no_kind_is_parked CHECK ((kind IS NULL) = (reason = 'parked'))
);
COMMENT ON TABLE escalation IS 'Runs that need a person; open while closed_at is null. Dry runs and redirects have their own.';
COMMENT ON COLUMN escalation.since IS 'Since when the run is stuck, or nobody has it; with kind and partner it tells one stall from the next.';
COMMENT ON COLUMN escalation.opened_at IS 'The now of the tick that opened it.';
COMMENT ON COLUMN escalation.told_on IS 'The day on which operations were last told of it.';
COMMENT ON COLUMN escalation.over_at IS
    'When a tick saw that it no longer holds. Closed by hand and not over: the run is not opened again for this reason.';

-- One open row for a run, whatever runs at once.
CREATE UNIQUE INDEX escalation_open ON escalation (delivery, production_run_id) WHERE closed_at IS NULL;
CREATE INDEX escalation_by_run ON escalation (production_run_id);
CREATE INDEX escalation_not_over ON escalation (delivery) WHERE over_at IS NULL;
