-- Lifecycle events, pictures, and the free-form messages that follow a template.

-- `=` on text in a GiST index. Trusted since PostgreSQL 13: the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

ALTER TABLE message_log
    ADD COLUMN image_url text,
    ADD COLUMN event_hour tstzrange;
COMMENT ON COLUMN message_log.image_url IS 'The picture in the message; it was looked at before.';
COMMENT ON COLUMN message_log.event_hour IS 'The 60 minutes in which an event to the same partner about the same run is a repeat.';

-- A follow-up is free-form: it has no template.
ALTER TABLE message_log
    DROP CONSTRAINT a_message_has_what_it_needs,
    ADD CONSTRAINT a_message_has_what_it_needs CHECK (
        status = 'skipped'
        OR (sender IS NOT NULL AND to_phone IS NOT NULL AND language IS NOT NULL AND variables IS NOT NULL
            AND coalesce(partner_id, '') <> '' AND (template_name IS NOT NULL OR message_kind = 'followup'))
    ),
    ADD CONSTRAINT a_follow_up_names_what_it_follows CHECK ((message_kind = 'followup') = (parent_id IS NOT NULL)),
    ADD CONSTRAINT an_event_has_its_hour CHECK (message_kind <> 'event' OR status = 'skipped' OR event_hour IS NOT NULL),
    -- One message per run, event and partner within the hour, whatever runs at once.
    ADD CONSTRAINT message_log_event_hour EXCLUDE USING gist (
        delivery WITH =, context_type WITH =, context_id WITH =, event_hour WITH &&
    ) WHERE (holds_slot AND message_kind = 'event');

-- One message per event for ever; an event whose message failed can be replayed.
CREATE UNIQUE INDEX message_log_event_id ON message_log (delivery, event_id) WHERE holds_slot AND event_id IS NOT NULL;
-- What has come due (message_log_upkeep).
CREATE INDEX message_log_held ON message_log (not_before) WHERE status = 'queued' AND not_before IS NOT NULL;
CREATE INDEX message_log_follow_ups ON message_log (parent_id) WHERE parent_id IS NOT NULL;
