-- What is redirected to one test phone is no duplicate of what is redirected to another.

-- Not the number itself, which is blanked when the row is old: a hash of it. Of what reaches partners, or nobody, there is one history.
ALTER TABLE message_log ADD COLUMN redirected text NOT NULL DEFAULT '',
    ADD CONSTRAINT only_a_redirect_is_redirected CHECK (redirected = '' OR delivery = 'redirect');
ALTER TABLE message_run ADD COLUMN redirected text NOT NULL DEFAULT '',
    ADD CONSTRAINT only_a_redirect_is_redirected CHECK (redirected = '' OR delivery = 'redirect');
COMMENT ON COLUMN message_log.redirected IS 'For a redirect: to which test phone, as a hash that outlives its number; empty otherwise.';

DROP INDEX message_log_slot;
CREATE UNIQUE INDEX message_log_slot ON message_log (delivery, context_type, context_id, redirected)
    WHERE holds_slot AND message_kind <> 'event';
DROP INDEX message_run_slot;
CREATE UNIQUE INDEX message_run_slot ON message_run (delivery, production_run_id, day, redirected)
    WHERE holds_slot AND message_kind IN ('reminder', 'digest');
DROP INDEX message_log_event_id;
CREATE UNIQUE INDEX message_log_event_id ON message_log (delivery, event_id, redirected)
    WHERE holds_slot AND event_id IS NOT NULL;
ALTER TABLE message_log
    DROP CONSTRAINT message_log_event_hour,
    ADD CONSTRAINT message_log_event_hour EXCLUDE USING gist (
        delivery WITH =, context_type WITH =, context_id WITH =, redirected WITH =, event_hour WITH &&
    ) WHERE (holds_slot AND message_kind = 'event');
