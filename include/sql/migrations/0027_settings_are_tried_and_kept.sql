-- What the page "What if" asks for, and which settings were saved on it.

CREATE TABLE settings_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> ''),
    before jsonb NOT NULL CHECK (jsonb_typeof(before) = 'object'),
    after jsonb NOT NULL CHECK (jsonb_typeof(after) = 'object'),
    undoes bigint REFERENCES settings_history (id)
);
COMMENT ON TABLE settings_history IS
    'Which keys of the Variable partner_messages were changed on a page: their values before and after (a key that is not there had none).';

-- The stalls of a span of days.
CREATE INDEX stuck_run_by_day ON stuck_run (delivery, day);
