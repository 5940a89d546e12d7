-- What people decide before messages leave: who is left alone until a day, whether a tick goes out, and that what it would send is right.

CREATE TABLE left_alone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text CHECK (partner_id <> ''),
    production_run_id text CHECK (production_run_id <> ''),
    until date NOT NULL CHECK (isfinite(until)),
    since timestamptz NOT NULL,
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> ''),
    ended_at timestamptz,
    ended_by text CHECK (btrim(ended_by) <> ''),
    CONSTRAINT it_is_a_partner_or_a_run CHECK (num_nonnulls(partner_id, production_run_id) = 1),
    CONSTRAINT what_was_ended_says_by_whom CHECK (num_nonnulls(ended_at, ended_by) IN (0, 2))
);
COMMENT ON TABLE left_alone IS
    'Whom nobody writes to, or of which run, before the day `until`: beside the settings partners and runs, and always with an end.';
COMMENT ON COLUMN left_alone.until IS 'The first day on which the partner is written to again, or of the run.';
COMMENT ON COLUMN left_alone.ended_at IS 'When somebody ended it before its day, or said something else in its place.';
CREATE UNIQUE INDEX left_alone_partner ON left_alone (partner_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX left_alone_run ON left_alone (production_run_id) WHERE ended_at IS NULL;
CREATE INDEX left_alone_by_day ON left_alone (until);

CREATE TABLE tick_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,
    since timestamptz NOT NULL,
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> ''),
    ended_at timestamptz,
    ended_by text CHECK (btrim(ended_by) <> ''),
    CONSTRAINT what_was_ended_says_by_whom CHECK (num_nonnulls(ended_at, ended_by) IN (0, 2))
);
COMMENT ON TABLE tick_hold IS 'A day whose scheduled tick sends nothing: its reminders are not claimed. What people trigger by hand goes on.';
CREATE UNIQUE INDEX tick_hold_open ON tick_hold (day) WHERE ended_at IS NULL;
CREATE INDEX tick_hold_by_day ON tick_hold (day);

CREATE TABLE approval (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,
    at timestamptz NOT NULL,
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> ''),
    seen text[] NOT NULL
);
COMMENT ON TABLE approval IS 'That somebody has seen what a day''s scheduled tick would send, and that it may leave (setting approve_first).';
COMMENT ON COLUMN approval.seen IS 'What was seen, a mark for each message (planning/marks.py): what has another one was not.';
CREATE INDEX approval_by_day ON approval (day);

-- (An older version that is still at work writes neither: nothing of its ticks waits, and a hold counts for them.)
ALTER TABLE tick
    ADD COLUMN by_hand boolean NOT NULL DEFAULT false,
    ADD COLUMN awaits_approval boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tick.by_hand IS 'Somebody has triggered it for themselves: it is not held with its day''s scheduled tick.';
COMMENT ON COLUMN tick.awaits_approval IS 'Nothing that is queued for it is claimed or released before somebody approves it (setting approve_first).';
