-- Whose word it is: one phone is one phone however it is spelled, and a person is known by Meta's id of them where no phone is told.
-- (An older version that is still at work compares phones letter by letter, by a longer way; what it writes is found all the same.)

-- The same as `dialled` in recipients/spelling.py. Where a row is added there, another function is made, and the indexes anew: they keep
-- what it has answered.
CREATE FUNCTION dialled(phone text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE
        WHEN phone ~ '^\+521[0-9]{10}$' THEN '+52' || substr(phone, 5)
        WHEN phone ~ '^\+54[1-8][0-9]{9}$' THEN '+549' || substr(phone, 4)
        WHEN phone ~ '^\+55[0-9]{2}[6-9][0-9]{7}$' THEN substr(phone, 1, 5) || '9' || substr(phone, 6)
        WHEN phone ~ '^\+229[0-9]{8}$' THEN '+22901' || substr(phone, 5)
        WHEN phone ~ '^\+39[124-9][0-9]{5,9}$' THEN '+390' || substr(phone, 4)
        ELSE phone
    END;
END $$;
COMMENT ON FUNCTION dialled IS 'The one spelling of a phone by which two are known to be the same: the one that is dialled.';

DROP INDEX partner_preference_by_phone;
CREATE INDEX partner_preference_by_phone ON partner_preference (dialled(phone), kind, at) WHERE phone IS NOT NULL;
DROP INDEX answer_by_phone;
CREATE INDEX answer_by_phone ON answer (dialled(phone), received_at);
DROP INDEX message_log_by_phone;
CREATE INDEX message_log_by_phone ON message_log (dialled(to_phone), claimed_at) WHERE to_phone IS NOT NULL AND claimed_at IS NOT NULL;
DROP INDEX message_log_undelivered;
CREATE INDEX message_log_undelivered ON message_log (dialled(to_phone), claimed_at)
    WHERE delivery = 'live' AND meta_message_id IS NOT NULL AND delivered_at IS NULL
        AND (expired_at_meta IS NOT NULL OR status = 'failed');

-- Whom a message reached, by Meta's id of the person: who has a username may write from that alone.
ALTER TABLE message_log
    ADD COLUMN recipient_user_id text,
    ADD CONSTRAINT what_is_blanked_has_no_user_id CHECK (NOT blanked OR recipient_user_id IS NULL);
COMMENT ON COLUMN message_log.recipient_user_id IS 'Meta''s id of the person whom it reached, of several the smallest; blanked with the number.';
CREATE INDEX message_log_by_user ON message_log (recipient_user_id) WHERE recipient_user_id IS NOT NULL;

-- What somebody has said before it was known who they are counts from when Meta says it: STOP most of all, and nothing may come between.
CREATE INDEX answer_of_nobody ON answer (user_id) WHERE phone IS NULL AND NOT blanked;
CREATE FUNCTION message_log_knows_whose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever applies such a message meanwhile has looked for the phone before it was known.
    PERFORM pg_advisory_xact_lock(hashtextextended('partner_preference ' || NEW.recipient_user_id, 0));
    WITH said AS (
        UPDATE answer
        SET phone = NEW.to_phone, became = CASE intent WHEN 'stop' THEN 'opted_out' WHEN 'start' THEN 'opted_in' ELSE 'maybe_opt_out' END
        WHERE user_id = NEW.recipient_user_id AND phone IS NULL AND NOT blanked AND intent IN ('stop', 'start', 'maybe_stop')
        RETURNING intent, received_at
    )
    INSERT INTO partner_preference (phone, kind, value, at, source)
    SELECT NEW.to_phone, 'opted_out', CASE said.intent WHEN 'maybe_stop' THEN 'maybe' ELSE said.intent END, said.received_at, 'message'
    FROM said
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER message_log_knows_whose AFTER UPDATE OF recipient_user_id ON message_log
    FOR EACH ROW WHEN (
        NEW.recipient_user_id IS NOT NULL AND NEW.to_phone IS NOT NULL
        AND OLD.recipient_user_id IS DISTINCT FROM NEW.recipient_user_id
    ) EXECUTE FUNCTION message_log_knows_whose();

-- Of whom nobody knows, operations are told that they wanted no more.
ALTER TABLE answer ADD COLUMN told_at timestamptz;
COMMENT ON COLUMN waiting_status.said IS 'The status, without what tells of a person but Meta''s id of them.';
COMMENT ON COLUMN answer.told_at IS 'When operations were told of a STOP of somebody whom nobody knows.';
