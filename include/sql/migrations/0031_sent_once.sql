-- Messages that tasks of other DAGs send at most once, by a key of their own (dedup_key of WhatsAppSendTemplateOperator).

CREATE TABLE sent_once (
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    recipient bytea NOT NULL CHECK (length(recipient) = 32),
    tracking_id text NOT NULL,
    task text NOT NULL,
    let_go_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    outcome text CHECK (outcome IN ('sent', 'unknown'))
);
COMMENT ON TABLE sent_once IS 'A message of somebody else''s DAG that is never sent a second time. What Meta has certainly not taken has no row.';
COMMENT ON COLUMN sent_once.key IS 'SHA-256 of the key, which may tell of a person.';
COMMENT ON COLUMN sent_once.recipient IS 'SHA-256 of the key and the recipient''s number.';
COMMENT ON COLUMN sent_once.let_go_at IS 'Written before the request leaves: from then on the message may have arrived.';
COMMENT ON COLUMN sent_once.asked_at IS 'When the key was last asked for; rows are kept for retain_days after that.';
COMMENT ON COLUMN sent_once.outcome IS 'Null while the request is under way, and for ever where its process ended before the answer: as unknown.';
CREATE INDEX sent_once_by_age ON sent_once (asked_at);
