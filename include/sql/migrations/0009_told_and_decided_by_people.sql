-- What people decide and why, what is told once, what Meta says of a message that it took, and what the shop's inbox has.

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL CHECK (btrim(who) <> ''),
    why text NOT NULL CHECK (btrim(why) <> ''),
    act text NOT NULL CHECK (act <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE audit IS 'What people have decided by hand: who, why, which act, on what; the rest is in detail.';
CREATE INDEX audit_by_subject ON audit (subject, at);

ALTER TABLE message_log
    ADD COLUMN message_status text,
    ADD COLUMN unknown_told_by text,
    ADD COLUMN unknown_told_in integer,
    ADD COLUMN settled_by text CHECK (btrim(settled_by) <> ''),
    ADD COLUMN mirrored_at timestamptz;
COMMENT ON COLUMN message_log.message_status IS
    'What Meta said when it took the message: accepted, or that it holds it back (held_for_quality_assessment, paused).';
COMMENT ON COLUMN message_log.unknown_told_by IS 'The DAG run that failed for it while it was unknown: once is enough.';
COMMENT ON COLUMN message_log.unknown_told_in IS 'In which pass of it (its clear_number).';
COMMENT ON COLUMN message_log.settled_by IS 'Who said what became of it, where no answer told; why is in audit.';
COMMENT ON COLUMN message_log.mirrored_at IS 'When it was seen or written in the shop''s inbox (setting mirror_to_shop).';

-- What somebody is to be told of (every summary asks); few are ever unknown.
CREATE INDEX message_log_unknown ON message_log (claimed_at) WHERE status = 'unknown';

ALTER TABLE sender_stop ADD COLUMN try_number integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN sender_stop.try_number IS 'Which try of a task met it: a later one may ask whether it still holds.';

-- An intent is written before Meta is asked; it stays one where the process died before it could write down the answer.
ALTER TABLE template_change
    DROP CONSTRAINT template_change_outcome_check,
    ADD CONSTRAINT template_change_outcome_check
        CHECK (outcome IN ('asked', 'taken', 'adopted', 'refused', 'unclear', 'postponed'));
CREATE INDEX template_change_asked ON template_change (waba_id) WHERE outcome = 'asked';
