-- What the pages ask for, and what people note on what needs a person.

CREATE INDEX stuck_run_by_partner ON stuck_run (partner_id, day) WHERE partner_id IS NOT NULL;
CREATE INDEX audit_by_age ON audit (at, id);

ALTER TABLE escalation
    ADD COLUMN assigned_to text CHECK (btrim(assigned_to) <> ''),
    ADD COLUMN touched_at timestamptz,
    ADD COLUMN asleep_until date,
    ADD CONSTRAINT who_has_it_has_touched_it CHECK (assigned_to IS NULL OR touched_at IS NOT NULL);
COMMENT ON COLUMN escalation.assigned_to IS 'Who has taken it on; untouched for two sending days it is everybody''s again.';
COMMENT ON COLUMN escalation.touched_at IS 'When somebody last did something about it: took it on, noted, put it off.';
COMMENT ON COLUMN escalation.asleep_until IS 'Until which day it is out of the way; what is put off always comes back.';
