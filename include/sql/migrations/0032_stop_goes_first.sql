-- A STOP is applied before whatever else waits, however much that is.

ALTER TABLE webhook_event ADD COLUMN may_be_stop boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN webhook_event.may_be_stop IS 'Whether a word in it may mean STOP: such ones are applied before all others.';
DROP INDEX webhook_event_pending;
CREATE INDEX webhook_event_pending ON webhook_event (spoken DESC, may_be_stop DESC, id) WHERE applied_at IS NULL;
