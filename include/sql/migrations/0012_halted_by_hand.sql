-- Sending is halted by hand, beside the setting.

CREATE TABLE halt (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    since timestamptz NOT NULL,
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> '')
);
COMMENT ON TABLE halt IS 'While it has its one row nothing is claimed; who halted and who let go on is kept in audit.';
