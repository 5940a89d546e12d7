-- What Meta POSTs: kept as it came before it is answered, and applied after.

CREATE TABLE webhook_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 text NOT NULL UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    body bytea NOT NULL,
    spoken boolean NOT NULL DEFAULT true,
    received_at timestamptz NOT NULL DEFAULT now(),
    times_received integer NOT NULL DEFAULT 1 CHECK (times_received > 0),
    applied_at timestamptz,
    errors jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(errors) = 'array'),
    errors_told_at timestamptz
);
COMMENT ON TABLE webhook_event IS 'One row a body that Meta has sent, however often; kept for blank_days.';
COMMENT ON COLUMN webhook_event.spoken IS 'Whether a partner may be speaking in it: such ones are applied first.';
COMMENT ON COLUMN webhook_event.errors IS
    'The items that could not be applied: [{"item", "field", "why", "message_id"}, ...]; the others were.';
CREATE INDEX webhook_event_pending ON webhook_event (spoken DESC, id) WHERE applied_at IS NULL;
CREATE INDEX webhook_event_by_age ON webhook_event (received_at);
CREATE INDEX webhook_event_untold ON webhook_event (id) WHERE errors <> '[]' AND errors_told_at IS NULL;

CREATE TABLE waiting_status (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL REFERENCES webhook_event (id) ON DELETE CASCADE,
    wamid text NOT NULL,
    row_id uuid,
    said jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
COMMENT ON TABLE waiting_status IS
    'A status for which there is no message yet: it came before our own commit, or the shop has sent it. Kept for 7 days.';
COMMENT ON COLUMN waiting_status.said IS 'The status, without what tells of a person.';
CREATE INDEX waiting_status_by_event ON waiting_status (event_id);
CREATE INDEX waiting_status_by_age ON waiting_status (received_at);
