-- What certainly has not left, so that a process that dies costs only what it was sending, and who said that the log may be trusted.

-- False is the safe side: whoever does not know this column (an older version that is still at work) never says that a request is
-- still here.
ALTER TABLE message_log ADD COLUMN still_here boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT only_what_is_claimed_is_still_here CHECK (NOT still_here OR status = 'sending');
COMMENT ON COLUMN message_log.still_here IS
    'Claimed, and its request certainly has not left: taken back in a commit of its own before it may.';

-- The last guard of 0001, and one more: back into the queue goes only what its claimer says was not taken, or what never left.
CREATE OR REPLACE FUNCTION message_log_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (NEW.status = ANY (CASE OLD.status
        WHEN 'queued' THEN ARRAY['sending', 'rehearsed', 'skipped', 'failed']
        WHEN 'sending' THEN ARRAY['queued', 'sent', 'failed', 'unknown']
        WHEN 'unknown' THEN ARRAY['sent', 'delivered', 'read', 'failed']
        WHEN 'sent' THEN ARRAY['delivered', 'read', 'failed']
        WHEN 'delivered' THEN ARRAY['read', 'failed']
        WHEN 'read' THEN ARRAY['failed']
        ELSE ARRAY[]::text[]
    END)) THEN
        RAISE EXCEPTION 'message %: a % message never becomes %', NEW.id, OLD.status, NEW.status;
    END IF;
    IF OLD.status = 'sending' AND NEW.status = 'queued' AND NOT OLD.still_here
        AND NEW.claim_token IS DISTINCT FROM OLD.claim_token
    THEN
        RAISE EXCEPTION 'message %: its request may have left, so only its claimer may put it back into the queue', NEW.id;
    END IF;
    NEW.still_here := NEW.still_here AND NEW.status = 'sending';
    RETURN NEW;
END $$;

CREATE TABLE log_trusted (
    id uuid PRIMARY KEY,
    system_identifier text NOT NULL,
    database_id bigint NOT NULL,
    timeline integer NOT NULL,
    written bigint NOT NULL,
    trusted_at timestamptz NOT NULL,
    trusted_by text NOT NULL CHECK (btrim(trusted_by) <> ''),
    trusted_why text NOT NULL CHECK (btrim(trusted_why) <> '')
);
COMMENT ON TABLE log_trusted IS
    'Who looked at the log after it had become another one or gone back in time, and said that sending may go on from it.';
COMMENT ON COLUMN log_trusted.written IS 'How far its server had written, in bytes of WAL, as of then.';
