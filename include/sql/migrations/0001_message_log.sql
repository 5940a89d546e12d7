-- The message log: the outbox of every message and the reason of every message that was not sent.

CREATE TABLE tick (
    id uuid PRIMARY KEY,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    delivery text NOT NULL CHECK (delivery IN ('live', 'dry_run', 'redirect')),
    day date NOT NULL,
    now timestamptz NOT NULL,
    inspected integer,
    no_partner integer,
    planned integer,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tick IS 'One preflight of a DAG run: clearing a run makes a new tick, so that a summary counts its own work only.';

CREATE INDEX tick_by_day ON tick (dag_id, delivery, created_at);

CREATE TABLE message_log (
    id uuid PRIMARY KEY,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    tick_id uuid NOT NULL,
    delivery text NOT NULL CHECK (delivery IN ('live', 'dry_run', 'redirect')),
    day date NOT NULL,
    context_type text NOT NULL CHECK (context_type IN ('production_run', 'partner')),
    context_id text NOT NULL CHECK (context_id <> ''),
    message_kind text NOT NULL CHECK (message_kind IN ('reminder', 'digest', 'event', 'followup')),
    reminder_kind text CHECK (reminder_kind IN ('assignment_pending', 'not_started', 'idle')),
    event_name text,
    event_id text,
    parent_id uuid REFERENCES message_log (id),
    production_run_id text,
    partner_id text,
    design_id text,
    sender text,
    to_phone text CHECK (to_phone ~ '^\+[1-9][0-9]{6,14}$'),
    language text,
    template_name text,
    variables jsonb,
    body_text text,
    status text NOT NULL CHECK (
        status IN ('queued', 'sending', 'rehearsed', 'sent', 'delivered', 'read', 'failed', 'unknown', 'skipped')
    ),
    skip_reason text,
    duplicate_of uuid REFERENCES message_log (id),
    not_before timestamptz,
    claim_token uuid,
    claimed_at timestamptz,
    meta_message_id text,
    error_code integer,
    error_detail text,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    -- A failed message that once reached the phone still counts as the day's reminder.
    holds_slot boolean GENERATED ALWAYS AS (
        status NOT IN ('failed', 'skipped') OR (status = 'failed' AND delivered_at IS NOT NULL)
    ) STORED,
    CONSTRAINT a_skip_has_a_reason CHECK ((status = 'skipped') = (skip_reason IS NOT NULL)),
    CONSTRAINT a_duplicate_names_the_other CHECK ((skip_reason IS NOT DISTINCT FROM 'duplicate') = (duplicate_of IS NOT NULL)),
    CONSTRAINT a_skip_never_reached_meta CHECK (status <> 'skipped' OR meta_message_id IS NULL),
    CONSTRAINT a_message_has_what_it_needs CHECK (
        status = 'skipped'
        OR (sender IS NOT NULL AND to_phone IS NOT NULL AND language IS NOT NULL AND template_name IS NOT NULL
            AND variables IS NOT NULL AND coalesce(partner_id, '') <> '')
    )
);
COMMENT ON TABLE message_log IS 'One row a decision: a message is a row before it is a request, and a skip is a row too.';

-- The slot: one reminder a run and day, whatever runs at once. Lifecycle events hold their context for an hour instead.
CREATE UNIQUE INDEX message_log_slot ON message_log (delivery, context_type, context_id)
    WHERE holds_slot AND message_kind <> 'event';
CREATE INDEX message_log_by_run ON message_log (dag_id, dag_run_id, tick_id);
CREATE INDEX message_log_by_day ON message_log (delivery, day, status);
CREATE INDEX message_log_queue ON message_log (day) WHERE status IN ('queued', 'sending');
CREATE INDEX message_log_by_wamid ON message_log (meta_message_id) WHERE meta_message_id IS NOT NULL;

-- The life of a message (DESIGN, statuses). Every change is a compare-and-set in its own query; this is the last guard, so that
-- no query, written now or later, can send a message twice by putting it back into the queue.
CREATE FUNCTION message_log_life() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NEW;
END $$;
CREATE TRIGGER message_log_life BEFORE UPDATE ON message_log
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION message_log_life();

CREATE TABLE message_run (
    message_id uuid NOT NULL REFERENCES message_log (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    message_kind text NOT NULL,
    delivery text NOT NULL,
    day date NOT NULL,
    holds_slot boolean NOT NULL,
    PRIMARY KEY (message_id, production_run_id)
);
COMMENT ON TABLE message_run IS 'Which runs a message speaks of; written in the message''s own transaction.';

-- Where a digest, a single reminder and a reminder asked for by an event meet.
CREATE UNIQUE INDEX message_run_slot ON message_run (delivery, production_run_id, day)
    WHERE holds_slot AND message_kind IN ('reminder', 'digest');
CREATE INDEX message_run_history ON message_run (production_run_id, delivery);

CREATE FUNCTION message_run_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE message_run SET holds_slot = NEW.holds_slot WHERE message_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER message_run_follows AFTER UPDATE ON message_log
    FOR EACH ROW WHEN (OLD.holds_slot IS DISTINCT FROM NEW.holds_slot) EXECUTE FUNCTION message_run_follows();

CREATE TABLE stuck_run (
    dag_run_id text NOT NULL,
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    kind text NOT NULL CHECK (kind IN ('assignment_pending', 'not_started', 'idle')),
    delivery text NOT NULL CHECK (delivery IN ('live', 'dry_run', 'redirect')),
    day date NOT NULL,
    partner_id text,
    design_id text,
    since timestamptz NOT NULL,
    quantity real,
    produced_quantity real,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (dag_run_id, production_run_id)
);
COMMENT ON TABLE stuck_run IS 'What each DAG run found stuck; quantities count only where they were observed on the day itself.';
CREATE INDEX stuck_run_history ON stuck_run (production_run_id, day);

CREATE TABLE sender_stop (
    id uuid PRIMARY KEY,
    sender text NOT NULL,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    clear_number integer NOT NULL,
    error_code integer,
    error_detail text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT now(),
    probe_token uuid,
    probed_at timestamptz,
    lifted_at timestamptz
);
COMMENT ON TABLE sender_stop IS 'Senders that Meta refused as a whole; while a row is not lifted, a later run probes with one message.';
CREATE UNIQUE INDEX sender_stop_open ON sender_stop (sender) WHERE lifted_at IS NULL;
