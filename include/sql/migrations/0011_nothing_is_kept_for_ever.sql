-- What tells of a person is taken out of old messages, and what is older still is deleted (settings blank_days and retain_days).

ALTER TABLE message_log
    ADD COLUMN blanked boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT a_message_has_what_it_needs,
    ADD CONSTRAINT a_message_has_what_it_needs CHECK (
        status = 'skipped'
        OR (sender IS NOT NULL AND language IS NOT NULL AND coalesce(partner_id, '') <> ''
            AND (template_name IS NOT NULL OR message_kind = 'followup')
            AND (blanked OR (to_phone IS NOT NULL AND variables IS NOT NULL)))
    ),
    ADD CONSTRAINT what_may_leave_is_not_blanked CHECK (NOT blanked OR status NOT IN ('queued', 'sending'));
COMMENT ON COLUMN message_log.blanked IS 'Whether number, Meta''s id, names, texts, picture and Meta''s words were taken out: it is old.';

-- A follow-up goes with what it follows, and a duplicate with the message that it names (the index for it is 0010's).
ALTER TABLE message_log
    DROP CONSTRAINT message_log_parent_id_fkey,
    ADD CONSTRAINT message_log_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES message_log (id) ON DELETE CASCADE,
    DROP CONSTRAINT message_log_duplicate_of_fkey,
    ADD CONSTRAINT message_log_duplicate_of_fkey FOREIGN KEY (duplicate_of) REFERENCES message_log (id) ON DELETE CASCADE;

-- By age, as message_log_upkeep asks for it every 15 minutes.
CREATE INDEX message_log_by_age ON message_log (blanked, created_at);
CREATE INDEX message_log_never_left_by_age ON message_log (created_at) WHERE status = 'skipped' OR delivery = 'dry_run';
CREATE INDEX stuck_run_by_age ON stuck_run (observed_at);
CREATE INDEX produced_quantity_seen_by_age ON produced_quantity_seen (observed_at);
CREATE INDEX tick_by_age ON tick (created_at);
