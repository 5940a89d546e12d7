-- Other reasons than being parked may concern a run in no kind, and a row that follows another for the same act counts as told.

ALTER TABLE escalation
    DROP CONSTRAINT who_is_in_no_kind_is_parked,
    ADD CONSTRAINT what_is_parked_is_in_no_kind CHECK (reason <> 'parked' OR kind IS NULL);
COMMENT ON TABLE escalation IS
    'Runs that need a person; open while closed_at is null, for the reason that holds. The rows of one stall (run, kind, partner, since),'
    ' by opened_at, are the reasons for which it did. Dry runs and redirects have their own.';
COMMENT ON COLUMN escalation.told_on IS
    'The day on which operations were last told of this stall, for this reason or another one that asks for the same act.';
