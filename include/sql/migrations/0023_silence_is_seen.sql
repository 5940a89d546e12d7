-- Which senders' webhooks a receiver takes, and when one of them said nothing: from that time nothing is concluded.

CREATE TABLE listening_to (
    sender text PRIMARY KEY CHECK (sender <> ''),
    at timestamptz NOT NULL
);
COMMENT ON TABLE listening_to IS 'The senders whose webhooks a receiver takes, and when one last said so (each minute).';

CREATE TABLE webhook_silence (
    sender text NOT NULL CHECK (sender <> ''),
    day date NOT NULL,
    why text NOT NULL CHECK (why IN ('unheard', 'off')),
    since timestamptz NOT NULL,
    ended_at timestamptz,
    told_at timestamptz,
    PRIMARY KEY (sender, day, why),
    CONSTRAINT it_ends_after_it_began CHECK (ended_at >= since)
);
COMMENT ON TABLE webhook_silence IS
    'When a sender''s webhook said nothing, one row a day; of messages that could have been delivered meanwhile nothing is concluded.';
COMMENT ON COLUMN webhook_silence.why IS 'unheard: messages were accepted and no status came for 15 minutes; off: no receiver ran for as long.';
COMMENT ON COLUMN webhook_silence.since IS 'When it was last heard before, by Meta''s clock, or when the receiver last ran.';
COMMENT ON COLUMN webhook_silence.ended_at IS 'When it was seen that it speaks again; null while it does not.';
CREATE INDEX webhook_silence_open ON webhook_silence (sender) WHERE ended_at IS NULL;

-- What was accepted and never spoken of since (few are, but where a webhook is silent).
CREATE INDEX message_log_unheard ON message_log (day, sender, sent_at)
    WHERE status = 'sent' AND delivery IN ('live', 'redirect')
        AND coalesce(sent_at_meta, delivered_at_meta, read_at_meta, failed_at_meta) IS NULL;
