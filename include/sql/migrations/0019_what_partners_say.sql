-- What partners answer, and what they have said about being written to.

CREATE TABLE answer (
    id uuid PRIMARY KEY,
    wamid text UNIQUE,
    message_id uuid REFERENCES message_log (id) ON DELETE SET NULL,
    partner_id text CHECK (partner_id <> ''),
    production_run_id text CHECK (production_run_id <> ''),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    user_id text,
    phone_number_id text NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    intent text NOT NULL CHECK (intent <> ''),
    text text,
    payload text,
    context_wamid text,
    edited boolean NOT NULL DEFAULT false,
    received_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    became text CHECK (became <> ''),
    blanked boolean NOT NULL DEFAULT false,
    CONSTRAINT what_is_blanked_tells_of_nobody
        CHECK (NOT blanked OR num_nonnulls(wamid, phone, user_id, text, payload, context_wamid) = 0)
);
COMMENT ON TABLE answer IS 'What somebody wrote to one of the numbers, or tapped: text, type and caption, never the bytes of a picture.';
COMMENT ON COLUMN answer.message_id IS 'Which of our messages it answers: the one that it names, or else the last one to that phone within 24 hours.';
COMMENT ON COLUMN answer.kind IS 'Meta''s type: text, button, interactive, reaction, image, audio, ...';
COMMENT ON COLUMN answer.intent IS 'What it asks for (recipients/words.py).';
COMMENT ON COLUMN answer.received_at IS 'By Meta''s clock.';
COMMENT ON COLUMN answer.became IS 'What was done with it, in a word; null where it changed nothing.';
CREATE INDEX answer_by_phone ON answer (phone, received_at);
CREATE INDEX answer_by_user ON answer (user_id, received_at) WHERE user_id IS NOT NULL AND phone IS NOT NULL;
CREATE INDEX answer_by_age ON answer (blanked, received_at);
CREATE INDEX answer_by_message ON answer (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE partner_preference (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    partner_id text CHECK (partner_id <> ''),
    kind text NOT NULL CHECK (kind IN ('opted_out', 'language', 'marketing')),
    value text NOT NULL,
    at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('message', 'user_preferences', 'error_131050', 'told_us', 'undone', 'decided')),
    who text CHECK (btrim(who) <> ''),
    why text CHECK (btrim(why) <> ''),
    CONSTRAINT it_is_somebody_s CHECK (num_nonnulls(phone, partner_id) > 0),
    CONSTRAINT a_value_is_of_its_kind CHECK (CASE kind
        WHEN 'opted_out' THEN value IN ('stop', 'start', 'maybe')
        WHEN 'marketing' THEN value IN ('stop', 'resume')
        ELSE value <> ''
    END),
    CONSTRAINT who_acts_by_hand_says_why CHECK ((source IN ('told_us', 'undone', 'decided')) = (num_nonnulls(who, why) = 2))
);
COMMENT ON TABLE partner_preference IS
    'What was said about being written to, one row for each time; the latest counts, of equals "stop". Never blanked: an opt-out must not be forgotten.';
COMMENT ON COLUMN partner_preference.phone IS 'What the owner of a phone has said counts for whoever is reached on it.';
COMMENT ON COLUMN partner_preference.partner_id IS 'What was said about a partner counts on whichever phone; beside a phone it only tells whose it was taken for.';
COMMENT ON COLUMN partner_preference.at IS 'By Meta''s clock, or when somebody entered it.';
COMMENT ON COLUMN partner_preference.source IS
    'message: their own word, which is lifted by their own later one alone; told_us, undone, decided: entered by hand; the rest is Meta''s.';
CREATE UNIQUE INDEX partner_preference_once
    ON partner_preference (kind, coalesce(phone, ''), coalesce(partner_id, ''), at, value, source);
CREATE INDEX partner_preference_by_phone ON partner_preference (phone, kind, at) WHERE phone IS NOT NULL;
CREATE INDEX partner_preference_by_partner ON partner_preference (partner_id, kind, at) WHERE partner_id IS NOT NULL;

-- Whoever is told it, and however (an answer, a webhook): the recipient has stopped this business's marketing.
CREATE FUNCTION message_log_marketing_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO partner_preference (phone, partner_id, kind, value, at, source)
    VALUES (NEW.to_phone, NEW.partner_id, 'marketing', 'stop', coalesce(NEW.failed_at, clock_timestamp()), 'error_131050')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER message_log_marketing_stopped AFTER UPDATE ON message_log
    FOR EACH ROW WHEN (
        NEW.status = 'failed' AND NEW.error_code = 131050 AND NEW.delivery = 'live' AND NEW.to_phone IS NOT NULL
        AND (OLD.status, OLD.error_code) IS DISTINCT FROM (NEW.status, NEW.error_code)
    ) EXECUTE FUNCTION message_log_marketing_stopped();

-- Who is not reached (few are): what Meta took and is known never to have arrived.
CREATE INDEX message_log_undelivered ON message_log (to_phone, claimed_at)
    WHERE delivery = 'live' AND meta_message_id IS NOT NULL AND delivered_at IS NULL
        AND (expired_at_meta IS NOT NULL OR status = 'failed');

-- Who wrote last from a number, and what was sent there last.
CREATE INDEX message_log_by_phone ON message_log (to_phone, claimed_at) WHERE to_phone IS NOT NULL AND claimed_at IS NOT NULL;
