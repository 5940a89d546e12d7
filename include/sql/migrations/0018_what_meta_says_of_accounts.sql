-- What Meta announces of templates and accounts.

ALTER TABLE template_approval ADD COLUMN announced_category text;
COMMENT ON COLUMN template_approval.announced_category IS
    'The category that Meta says it will have; it is warned of, and only the real one blocks.';

CREATE TABLE account_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint REFERENCES webhook_event (id) ON DELETE SET NULL,
    waba_id text NOT NULL,
    field text NOT NULL,
    event text,
    phone_number text,
    detail jsonb NOT NULL,
    at timestamptz NOT NULL,
    told_at timestamptz
);
COMMENT ON TABLE account_event IS 'What Meta has said of an account or one of its numbers, until operations were told and as long as rows are kept.';
CREATE INDEX account_event_untold ON account_event (id) WHERE told_at IS NULL;
CREATE INDEX account_event_by_age ON account_event (at);
