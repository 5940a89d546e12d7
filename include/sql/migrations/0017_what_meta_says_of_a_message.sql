-- How far each message has come, by Meta's own times. An older version that is still at work knows nothing of these columns, and
-- need not: it writes none of them, and what it settles is settled.

ALTER TABLE message_log
    ADD COLUMN sent_at_is_metas boolean NOT NULL DEFAULT false,
    ADD COLUMN sent_at_meta timestamptz,
    ADD COLUMN delivered_at_meta timestamptz,
    ADD COLUMN read_at_meta timestamptz,
    ADD COLUMN failed_at_meta timestamptz,
    ADD COLUMN expired_at_meta timestamptz,
    ADD COLUMN pricing_at timestamptz,
    ADD COLUMN pricing_category text,
    ADD COLUMN pricing_billable boolean,
    ADD COLUMN pricing_type text,
    ADD COLUMN pricing_model text,
    ADD CONSTRAINT what_was_delivered_has_not_expired CHECK (expired_at_meta IS NULL OR status = 'sent');
COMMENT ON COLUMN message_log.sent_at_is_metas IS 'Whether sent_at is Meta''s, because our own answer is still to come.';
COMMENT ON COLUMN message_log.sent_at_meta IS 'The earliest time at which Meta says that it was sent; so with the others.';
COMMENT ON COLUMN message_log.expired_at_meta IS
    'When Meta gave up delivering it, as far as its silence tells: it counts as not reached, and keeps its slot.';
COMMENT ON COLUMN message_log.pricing_at IS 'The time of the status that said last what Meta bills it as.';

-- Whether Meta has said anything of a message: how a sender's webhook is known to be alive.
CREATE INDEX message_log_heard ON message_log (sender, sent_at)
    WHERE coalesce(sent_at_meta, delivered_at_meta, read_at_meta, failed_at_meta) IS NOT NULL;
CREATE INDEX message_log_not_delivered ON message_log (sent_at_meta)
    WHERE status = 'sent' AND expired_at_meta IS NULL AND sent_at_meta IS NOT NULL;

-- The last guard of 0001 and 0008, and two doors more: what Meta says that it has taken need not have been settled by us.
CREATE OR REPLACE FUNCTION message_log_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (NEW.status = ANY (CASE OLD.status
        WHEN 'queued' THEN ARRAY['sending', 'rehearsed', 'skipped', 'failed', 'sent', 'delivered', 'read']
        WHEN 'sending' THEN ARRAY['queued', 'sent', 'failed', 'unknown', 'delivered', 'read']
        WHEN 'unknown' THEN ARRAY['sent', 'delivered', 'read', 'failed']
        WHEN 'sent' THEN ARRAY['delivered', 'read', 'failed']
        WHEN 'delivered' THEN ARRAY['read', 'failed']
        WHEN 'read' THEN ARRAY['failed']
        ELSE ARRAY[]::text[]
    END)) THEN
        RAISE EXCEPTION 'message %: a % message never becomes %', NEW.id, OLD.status, NEW.status;
    END IF;
    IF OLD.status = 'queued' AND NEW.status IN ('sent', 'delivered', 'read')
        AND coalesce(NEW.sent_at_meta, NEW.delivered_at_meta, NEW.read_at_meta) IS NULL
    THEN
        RAISE EXCEPTION 'message %: only Meta''s word makes a queued message %', NEW.id, NEW.status;
    END IF;
    IF OLD.status = 'sending' AND NEW.status = 'queued' AND NOT OLD.still_here
        AND NEW.claim_token IS DISTINCT FROM OLD.claim_token
    THEN
        RAISE EXCEPTION 'message %: its request may have left, so only its claimer may put it back into the queue', NEW.id;
    END IF;
    NEW.still_here := NEW.still_here AND NEW.status = 'sending';
    RETURN NEW;
END $$;
