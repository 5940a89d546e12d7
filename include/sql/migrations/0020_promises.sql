-- A promise with a date: until it is over, nobody reminds of that stall.

CREATE TABLE promise (
    id uuid PRIMARY KEY,
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    partner_id text NOT NULL CHECK (partner_id <> ''),
    kind text CHECK (kind IN ('assignment_pending', 'not_started', 'idle')),
    since timestamptz,
    due_on date NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'kept', 'broken', 'withdrawn')),
    made_at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('answer', 'told_us')),
    message_id uuid REFERENCES message_log (id) ON DELETE SET NULL,
    who text CHECK (btrim(who) <> ''),
    why text CHECK (btrim(why) <> ''),
    ended_at timestamptz,
    ended_why text CHECK (ended_why <> ''),
    CONSTRAINT what_is_over_says_when_and_why CHECK ((state = 'open') = (num_nonnulls(ended_at, ended_why) = 0)
        AND num_nonnulls(ended_at, ended_why) IN (0, 2)),
    CONSTRAINT who_enters_it_says_why CHECK ((source = 'told_us') = (num_nonnulls(who, why) = 2))
);
COMMENT ON TABLE promise IS 'By when a partner has said that a run will move. No reminder of the stall until the sending day after it.';
COMMENT ON COLUMN promise.kind IS 'The stall (with partner and since) that it is about; null where a person entered it, and no stall was known.';
COMMENT ON COLUMN promise.state IS 'kept: the run moved; broken: its day went by; withdrawn: another one took its place, or help was asked for.';
CREATE UNIQUE INDEX promise_open ON promise (production_run_id) WHERE state = 'open';
CREATE INDEX promise_by_run ON promise (production_run_id, made_at);
CREATE INDEX promise_by_message ON promise (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX promise_by_age ON promise (made_at);
