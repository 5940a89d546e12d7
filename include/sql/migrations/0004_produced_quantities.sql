-- What ticks saw of the produced quantities: a change of one is work, and ends a run's quiet (setting idle_signal).

CREATE TABLE produced_quantity_seen (
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    number integer NOT NULL CHECK (number > 0),
    produced_quantity real,
    now timestamptz NOT NULL,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (production_run_id, number)
);
COMMENT ON TABLE produced_quantity_seen IS
    'The produced quantities of started runs: number 1 is what was seen first, each further row a change; the same again is no row.';
COMMENT ON COLUMN produced_quantity_seen.now IS 'The moment at which the tick that saw it judged; judged at an earlier one, it is not known.';
COMMENT ON COLUMN produced_quantity_seen.observed_at IS 'The wall clock just before the shop was read.';
