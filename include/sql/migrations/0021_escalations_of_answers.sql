-- One open row for each run and reason: what a tick finds out about a run stands beside what its partner has asked for.
-- (An older version that is still at work cannot open rows any more: it asks for the index by its columns. Its run fails at that
-- task, and the next one does it.)

DROP INDEX escalation_open;
CREATE UNIQUE INDEX escalation_open ON escalation (delivery, production_run_id, reason) WHERE closed_at IS NULL;

ALTER TABLE escalation ADD COLUMN answer_id uuid REFERENCES answer (id) ON DELETE SET NULL;
COMMENT ON COLUMN escalation.answer_id IS 'What was written, where it was opened for an answer.';
COMMENT ON TABLE escalation IS
    'Runs that need a person; open while closed_at is null. Of what ticks find out, the first reason that holds is open; what a partner has'
    ' asked for stands beside it. The rows of one stall (run, kind, partner, since), by opened_at, are the reasons for which it did. Dry'
    ' runs and redirects have their own.';
CREATE INDEX escalation_by_answer ON escalation (answer_id) WHERE answer_id IS NOT NULL;
