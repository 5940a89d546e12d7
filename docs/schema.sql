-- The schema partner_messages of the message log, as all migrations in include/sql/migrations make it.
-- Written by `make readme`; the columns' meanings stand in the migrations, and docs/design.md says what a table is for.

CREATE TABLE account_event (
    id bigint NOT NULL GENERATED AS IDENTITY,
    event_id bigint,
    waba_id text NOT NULL,
    field text NOT NULL,
    event text,
    phone_number text,
    detail jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    CONSTRAINT account_event_pkey PRIMARY KEY (id),
    CONSTRAINT account_event_event_id_fkey FOREIGN KEY (event_id) REFERENCES webhook_event(id) ON DELETE SET NULL
);
CREATE INDEX account_event_by_age ON account_event USING btree (at);
CREATE INDEX account_event_untold ON account_event USING btree (id) WHERE told_at IS NULL;

CREATE TABLE answer (
    id uuid NOT NULL,
    wamid text,
    message_id uuid,
    partner_id text,
    production_run_id text,
    phone text,
    user_id text,
    phone_number_id text NOT NULL,
    kind text NOT NULL,
    intent text NOT NULL,
    text text,
    payload text,
    context_wamid text,
    edited boolean NOT NULL DEFAULT false,
    received_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL DEFAULT now(),
    became text,
    blanked boolean NOT NULL DEFAULT false,
    told_at timestamp with time zone,
    CONSTRAINT answer_pkey PRIMARY KEY (id),
    CONSTRAINT answer_wamid_key UNIQUE (wamid),
    CONSTRAINT answer_message_id_fkey FOREIGN KEY (message_id) REFERENCES message_log(id) ON DELETE SET NULL,
    CONSTRAINT answer_became_check CHECK (became <> ''::text),
    CONSTRAINT answer_intent_check CHECK (intent <> ''::text),
    CONSTRAINT answer_kind_check CHECK (kind <> ''::text),
    CONSTRAINT answer_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT answer_phone_check CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'::text),
    CONSTRAINT answer_production_run_id_check CHECK (production_run_id <> ''::text),
    CONSTRAINT what_is_blanked_tells_of_nobody CHECK (NOT blanked OR num_nonnulls(wamid, phone, user_id, text, payload, context_wamid) = 0)
);
CREATE INDEX answer_by_age ON answer USING btree (blanked, received_at);
CREATE INDEX answer_by_message ON answer USING btree (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX answer_by_phone ON answer USING btree (dialled(phone), received_at);
CREATE INDEX answer_by_user ON answer USING btree (user_id, received_at) WHERE user_id IS NOT NULL AND phone IS NOT NULL;
CREATE INDEX answer_of_nobody ON answer USING btree (user_id) WHERE phone IS NULL AND NOT blanked;

CREATE TABLE approval (
    id bigint NOT NULL GENERATED AS IDENTITY,
    day date NOT NULL,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    seen text[] NOT NULL,
    CONSTRAINT approval_pkey PRIMARY KEY (id),
    CONSTRAINT approval_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT approval_why_check CHECK (btrim(why) <> ''::text)
);
CREATE INDEX approval_by_day ON approval USING btree (day);

CREATE TABLE audit (
    id bigint NOT NULL GENERATED AS IDENTITY,
    at timestamp with time zone NOT NULL DEFAULT now(),
    who text NOT NULL,
    why text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT audit_pkey PRIMARY KEY (id),
    CONSTRAINT audit_act_check CHECK (act <> ''::text),
    CONSTRAINT audit_subject_check CHECK (subject <> ''::text),
    CONSTRAINT audit_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT audit_why_check CHECK (btrim(why) <> ''::text)
);
CREATE INDEX audit_by_age ON audit USING btree (at, id);
CREATE INDEX audit_by_subject ON audit USING btree (subject, at);

CREATE TABLE counted_day (
    day date NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    CONSTRAINT counted_day_pkey PRIMARY KEY (day)
);

CREATE TABLE escalation (
    id uuid NOT NULL,
    delivery text NOT NULL,
    production_run_id text NOT NULL,
    kind text,
    partner_id text,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    dag_run_id text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    told_on date,
    closed_at timestamp with time zone,
    closed_by text,
    closed_why text,
    over_at timestamp with time zone,
    answer_id uuid,
    assigned_to text,
    touched_at timestamp with time zone,
    asleep_until date,
    CONSTRAINT escalation_pkey PRIMARY KEY (id),
    CONSTRAINT escalation_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES answer(id) ON DELETE SET NULL,
    CONSTRAINT escalation_assigned_to_check CHECK (btrim(assigned_to) <> ''::text),
    CONSTRAINT escalation_closed_by_check CHECK (btrim(closed_by) <> ''::text),
    CONSTRAINT escalation_closed_why_check CHECK (btrim(closed_why) <> ''::text),
    CONSTRAINT escalation_delivery_check CHECK (delivery = ANY (ARRAY['live'::text, 'dry_run'::text, 'redirect'::text])),
    CONSTRAINT escalation_kind_check CHECK (kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT escalation_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT escalation_production_run_id_check CHECK (production_run_id <> ''::text),
    CONSTRAINT escalation_reason_check CHECK (reason <> ''::text),
    CONSTRAINT only_live_ones_are_told CHECK (told_on IS NULL OR delivery = 'live'::text),
    CONSTRAINT what_is_over_is_closed CHECK (over_at IS NULL OR closed_at IS NOT NULL),
    CONSTRAINT what_is_parked_is_in_no_kind CHECK (reason <> 'parked'::text OR kind IS NULL),
    CONSTRAINT who_closes_says_why CHECK (num_nulls(closed_at, closed_by, closed_why) = ANY (ARRAY[0, 3])),
    CONSTRAINT who_has_it_has_touched_it CHECK (assigned_to IS NULL OR touched_at IS NOT NULL)
);
CREATE INDEX escalation_by_answer ON escalation USING btree (answer_id) WHERE answer_id IS NOT NULL;
CREATE INDEX escalation_by_run ON escalation USING btree (production_run_id);
CREATE INDEX escalation_not_over ON escalation USING btree (delivery, over_at);
CREATE UNIQUE INDEX escalation_open ON escalation USING btree (delivery, production_run_id, reason) WHERE closed_at IS NULL;

CREATE TABLE halt (
    only_one boolean NOT NULL DEFAULT true,
    since timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    CONSTRAINT halt_pkey PRIMARY KEY (only_one),
    CONSTRAINT halt_only_one_check CHECK (only_one),
    CONSTRAINT halt_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT halt_why_check CHECK (btrim(why) <> ''::text)
);

CREATE TABLE left_alone (
    id bigint NOT NULL GENERATED AS IDENTITY,
    partner_id text,
    production_run_id text,
    until date NOT NULL,
    since timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT left_alone_pkey PRIMARY KEY (id),
    CONSTRAINT it_is_a_partner_or_a_run CHECK (num_nonnulls(partner_id, production_run_id) = 1),
    CONSTRAINT left_alone_ended_by_check CHECK (btrim(ended_by) <> ''::text),
    CONSTRAINT left_alone_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT left_alone_production_run_id_check CHECK (production_run_id <> ''::text),
    CONSTRAINT left_alone_until_check CHECK (isfinite(until)),
    CONSTRAINT left_alone_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT left_alone_why_check CHECK (btrim(why) <> ''::text),
    CONSTRAINT what_was_ended_says_by_whom CHECK (num_nonnulls(ended_at, ended_by) = ANY (ARRAY[0, 2]))
);
CREATE INDEX left_alone_by_day ON left_alone USING btree (until);
CREATE UNIQUE INDEX left_alone_partner ON left_alone USING btree (partner_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX left_alone_run ON left_alone USING btree (production_run_id) WHERE ended_at IS NULL;

CREATE TABLE listening (
    only_one boolean NOT NULL DEFAULT true,
    settings jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT listening_pkey PRIMARY KEY (only_one),
    CONSTRAINT listening_only_one_check CHECK (only_one)
);

CREATE TABLE listening_to (
    sender text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT listening_to_pkey PRIMARY KEY (sender),
    CONSTRAINT listening_to_sender_check CHECK (sender <> ''::text)
);

CREATE TABLE log_trusted (
    id uuid NOT NULL,
    system_identifier text NOT NULL,
    database_id bigint NOT NULL,
    timeline integer NOT NULL,
    written bigint NOT NULL,
    trusted_at timestamp with time zone NOT NULL,
    trusted_by text NOT NULL,
    trusted_why text NOT NULL,
    CONSTRAINT log_trusted_pkey PRIMARY KEY (id),
    CONSTRAINT log_trusted_trusted_by_check CHECK (btrim(trusted_by) <> ''::text),
    CONSTRAINT log_trusted_trusted_why_check CHECK (btrim(trusted_why) <> ''::text)
);

CREATE TABLE message_count (
    day date NOT NULL,
    message_kind text NOT NULL,
    reminder_kind text,
    status text NOT NULL,
    skip_reason text,
    error_code integer,
    heard boolean NOT NULL,
    pricing_category text,
    pricing_billable boolean,
    pricing_type text,
    messages integer NOT NULL,
    CONSTRAINT message_count_day_fkey FOREIGN KEY (day) REFERENCES counted_day(day) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT message_count_messages_check CHECK (messages > 0)
);
CREATE INDEX message_count_by_day ON message_count USING btree (day);

CREATE TABLE message_log (
    id uuid NOT NULL,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    tick_id uuid NOT NULL,
    delivery text NOT NULL,
    day date NOT NULL,
    context_type text NOT NULL,
    context_id text NOT NULL,
    message_kind text NOT NULL,
    reminder_kind text,
    event_name text,
    event_id text,
    parent_id uuid,
    production_run_id text,
    partner_id text,
    design_id text,
    sender text,
    to_phone text,
    language text,
    template_name text,
    variables jsonb,
    body_text text,
    status text NOT NULL,
    skip_reason text,
    duplicate_of uuid,
    not_before timestamp with time zone,
    claim_token uuid,
    claimed_at timestamp with time zone,
    meta_message_id text,
    error_code integer,
    error_detail text,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    sent_at timestamp with time zone,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    failed_at timestamp with time zone,
    holds_slot boolean GENERATED ALWAYS AS (((status <> ALL (ARRAY['failed'::text, 'skipped'::text])) OR ((status = 'failed'::text) AND (delivered_at IS NOT NULL)))) STORED,
    image_url text,
    event_hour tstzrange,
    still_here boolean NOT NULL DEFAULT false,
    message_status text,
    unknown_told_by text,
    unknown_told_in integer,
    settled_by text,
    mirrored_at timestamp with time zone,
    blanked boolean NOT NULL DEFAULT false,
    redirected text NOT NULL DEFAULT ''::text,
    not_followed text,
    sent_at_is_metas boolean NOT NULL DEFAULT false,
    sent_at_meta timestamp with time zone,
    delivered_at_meta timestamp with time zone,
    read_at_meta timestamp with time zone,
    failed_at_meta timestamp with time zone,
    expired_at_meta timestamp with time zone,
    pricing_at timestamp with time zone,
    pricing_category text,
    pricing_billable boolean,
    pricing_type text,
    pricing_model text,
    answer_id uuid,
    recipient_user_id text,
    CONSTRAINT message_log_pkey PRIMARY KEY (id),
    CONSTRAINT message_log_event_hour EXCLUDE USING gist (delivery WITH =, context_type WITH =, context_id WITH =, redirected WITH =, event_hour WITH &&) WHERE (holds_slot AND message_kind = 'event'::text),
    CONSTRAINT message_log_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES answer(id) ON DELETE SET NULL,
    CONSTRAINT message_log_duplicate_of_fkey FOREIGN KEY (duplicate_of) REFERENCES message_log(id) ON DELETE CASCADE,
    CONSTRAINT message_log_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES message_log(id) ON DELETE CASCADE,
    CONSTRAINT a_duplicate_names_the_other CHECK ((NOT skip_reason IS DISTINCT FROM 'duplicate'::text) = (duplicate_of IS NOT NULL)),
    CONSTRAINT a_follow_up_names_what_it_follows CHECK ((message_kind = 'followup'::text) = (parent_id IS NOT NULL)),
    CONSTRAINT a_message_has_what_it_needs CHECK (status = 'skipped'::text OR sender IS NOT NULL AND language IS NOT NULL AND COALESCE(partner_id, ''::text) <> ''::text AND (template_name IS NOT NULL OR (message_kind = ANY (ARRAY['followup'::text, 'reply'::text]))) AND (blanked OR to_phone IS NOT NULL AND variables IS NOT NULL)),
    CONSTRAINT a_skip_has_a_reason CHECK ((status = 'skipped'::text) = (skip_reason IS NOT NULL)),
    CONSTRAINT a_skip_never_reached_meta CHECK (status <> 'skipped'::text OR meta_message_id IS NULL),
    CONSTRAINT an_event_has_its_hour CHECK (message_kind <> 'event'::text OR status = 'skipped'::text OR event_hour IS NOT NULL),
    CONSTRAINT message_log_context_id_check CHECK (context_id <> ''::text),
    CONSTRAINT message_log_context_type_check CHECK (context_type = ANY (ARRAY['production_run'::text, 'partner'::text])),
    CONSTRAINT message_log_delivery_check CHECK (delivery = ANY (ARRAY['live'::text, 'dry_run'::text, 'redirect'::text])),
    CONSTRAINT message_log_message_kind_check CHECK (message_kind = ANY (ARRAY['reminder'::text, 'digest'::text, 'event'::text, 'followup'::text, 'reply'::text])),
    CONSTRAINT message_log_not_followed_check CHECK (not_followed <> ''::text),
    CONSTRAINT message_log_reminder_kind_check CHECK (reminder_kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT message_log_settled_by_check CHECK (btrim(settled_by) <> ''::text),
    CONSTRAINT message_log_status_check CHECK (status = ANY (ARRAY['queued'::text, 'sending'::text, 'rehearsed'::text, 'sent'::text, 'delivered'::text, 'read'::text, 'failed'::text, 'unknown'::text, 'skipped'::text])),
    CONSTRAINT message_log_to_phone_check CHECK (to_phone ~ '^\+[1-9][0-9]{6,14}$'::text),
    CONSTRAINT only_a_redirect_is_redirected CHECK (redirected = ''::text OR delivery = 'redirect'::text),
    CONSTRAINT only_what_is_claimed_is_still_here CHECK (NOT still_here OR status = 'sending'::text),
    CONSTRAINT what_is_blanked_has_no_user_id CHECK (NOT blanked OR recipient_user_id IS NULL),
    CONSTRAINT what_may_leave_is_not_blanked CHECK (NOT blanked OR (status <> ALL (ARRAY['queued'::text, 'sending'::text]))),
    CONSTRAINT what_was_delivered_has_not_expired CHECK (expired_at_meta IS NULL OR status = 'sent'::text)
);
CREATE INDEX message_log_answers ON message_log USING btree (tick_id, sender, COALESCE(failed_at, sent_at, updated_at), id) WHERE attempts > 0 AND (status = ANY (ARRAY['sent'::text, 'delivered'::text, 'read'::text, 'failed'::text, 'unknown'::text]));
CREATE INDEX message_log_by_age ON message_log USING btree (blanked, created_at);
CREATE INDEX message_log_by_answer ON message_log USING btree (answer_id) WHERE answer_id IS NOT NULL;
CREATE INDEX message_log_by_day ON message_log USING btree (delivery, day, status);
CREATE INDEX message_log_by_moment ON message_log USING btree (sent_at) WHERE delivery = 'live'::text;
CREATE INDEX message_log_by_partner ON message_log USING btree (partner_id, day);
CREATE INDEX message_log_by_phone ON message_log USING btree (dialled(to_phone), claimed_at) WHERE to_phone IS NOT NULL AND claimed_at IS NOT NULL;
CREATE INDEX message_log_by_run ON message_log USING btree (dag_id, dag_run_id, tick_id);
CREATE INDEX message_log_by_user ON message_log USING btree (recipient_user_id) WHERE recipient_user_id IS NOT NULL;
CREATE INDEX message_log_by_wamid ON message_log USING btree (meta_message_id) WHERE meta_message_id IS NOT NULL;
CREATE INDEX message_log_duplicates ON message_log USING btree (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE UNIQUE INDEX message_log_event_id ON message_log USING btree (delivery, event_id, redirected) WHERE holds_slot AND event_id IS NOT NULL;
CREATE INDEX message_log_follow_ups ON message_log USING btree (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX message_log_heard ON message_log USING btree (sender, sent_at) WHERE COALESCE(sent_at_meta, delivered_at_meta, read_at_meta, failed_at_meta) IS NOT NULL;
CREATE INDEX message_log_held ON message_log USING btree (not_before) WHERE status = 'queued'::text AND not_before IS NOT NULL;
CREATE INDEX message_log_never_left_by_age ON message_log USING btree (created_at) WHERE status = 'skipped'::text OR delivery = 'dry_run'::text;
CREATE INDEX message_log_not_delivered ON message_log USING btree (sent_at_meta) WHERE status = 'sent'::text AND expired_at_meta IS NULL AND sent_at_meta IS NOT NULL;
CREATE INDEX message_log_queue ON message_log USING btree (day) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text])) AND attempts >= 0;
CREATE INDEX message_log_replies ON message_log USING btree (to_phone, created_at) WHERE message_kind = 'reply'::text;
CREATE INDEX message_log_skips_of_run ON message_log USING btree (production_run_id, day) WHERE status = 'skipped'::text;
CREATE UNIQUE INDEX message_log_slot ON message_log USING btree (delivery, context_type, context_id, redirected) WHERE holds_slot AND message_kind <> 'event'::text;
CREATE INDEX message_log_undelivered ON message_log USING btree (dialled(to_phone), claimed_at) WHERE delivery = 'live'::text AND meta_message_id IS NOT NULL AND delivered_at IS NULL AND (expired_at_meta IS NOT NULL OR status = 'failed'::text);
CREATE INDEX message_log_unheard ON message_log USING btree (day, sender, sent_at) WHERE status = 'sent'::text AND (delivery = ANY (ARRAY['live'::text, 'redirect'::text])) AND COALESCE(sent_at_meta, delivered_at_meta, read_at_meta, failed_at_meta) IS NULL;
CREATE INDEX message_log_unknown ON message_log USING btree (claimed_at) WHERE status = 'unknown'::text;

CREATE TABLE message_run (
    message_id uuid NOT NULL,
    production_run_id text NOT NULL,
    message_kind text NOT NULL,
    delivery text NOT NULL,
    day date NOT NULL,
    holds_slot boolean NOT NULL,
    redirected text NOT NULL DEFAULT ''::text,
    CONSTRAINT message_run_pkey PRIMARY KEY (message_id, production_run_id),
    CONSTRAINT message_run_message_id_fkey FOREIGN KEY (message_id) REFERENCES message_log(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT message_run_production_run_id_check CHECK (production_run_id <> ''::text),
    CONSTRAINT only_a_redirect_is_redirected CHECK (redirected = ''::text OR delivery = 'redirect'::text)
);
CREATE INDEX message_run_history ON message_run USING btree (production_run_id, delivery);
CREATE UNIQUE INDEX message_run_slot ON message_run USING btree (delivery, production_run_id, day, redirected) WHERE holds_slot AND (message_kind = ANY (ARRAY['reminder'::text, 'digest'::text]));

CREATE TABLE move_count (
    day date NOT NULL,
    kind text NOT NULL,
    number smallint NOT NULL,
    hour smallint,
    language text,
    outcome text NOT NULL,
    ticks smallint,
    runs integer NOT NULL,
    CONSTRAINT move_count_day_fkey FOREIGN KEY (day) REFERENCES counted_day(day) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT move_count_hour_check CHECK (hour >= 0 AND hour <= 23),
    CONSTRAINT move_count_kind_check CHECK (kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT move_count_number_check CHECK (number >= 0),
    CONSTRAINT move_count_outcome_check CHECK (outcome = ANY (ARRAY['moved'::text, 'reminded_again'::text, 'still_stuck'::text, 'not_over'::text, 'by_the_shop'::text])),
    CONSTRAINT move_count_runs_check CHECK (runs > 0),
    CONSTRAINT move_count_ticks_check CHECK (ticks > 0),
    CONSTRAINT what_moved_says_when CHECK (outcome <> 'moved'::text OR ticks IS NOT NULL)
);
CREATE INDEX move_count_by_day ON move_count USING btree (day);

CREATE TABLE partner_preference (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    phone text,
    partner_id text,
    kind text NOT NULL,
    value text NOT NULL,
    at timestamp with time zone NOT NULL,
    source text NOT NULL,
    who text,
    why text,
    CONSTRAINT partner_preference_pkey PRIMARY KEY (id),
    CONSTRAINT a_value_is_of_its_kind CHECK (
CASE kind
    WHEN 'opted_out'::text THEN value = ANY (ARRAY['stop'::text, 'start'::text, 'maybe'::text])
    WHEN 'marketing'::text THEN value = ANY (ARRAY['stop'::text, 'resume'::text])
    ELSE value <> ''::text
END),
    CONSTRAINT it_is_somebody_s CHECK (num_nonnulls(phone, partner_id) > 0),
    CONSTRAINT partner_preference_kind_check CHECK (kind = ANY (ARRAY['opted_out'::text, 'language'::text, 'marketing'::text])),
    CONSTRAINT partner_preference_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT partner_preference_phone_check CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'::text),
    CONSTRAINT partner_preference_source_check CHECK (source = ANY (ARRAY['message'::text, 'user_preferences'::text, 'error_131050'::text, 'told_us'::text, 'undone'::text, 'decided'::text])),
    CONSTRAINT partner_preference_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT partner_preference_why_check CHECK (btrim(why) <> ''::text),
    CONSTRAINT who_acts_by_hand_says_why CHECK ((source = ANY (ARRAY['told_us'::text, 'undone'::text, 'decided'::text])) = (num_nonnulls(who, why) = 2))
);
CREATE INDEX partner_preference_by_age ON partner_preference USING btree (at);
CREATE INDEX partner_preference_by_partner ON partner_preference USING btree (partner_id, kind, at) WHERE partner_id IS NOT NULL;
CREATE INDEX partner_preference_by_phone ON partner_preference USING btree (dialled(phone), kind, at) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX partner_preference_once ON partner_preference USING btree (kind, COALESCE(phone, ''::text), COALESCE(partner_id, ''::text), at, value, source);

CREATE TABLE produced_quantity_seen (
    production_run_id text NOT NULL,
    number integer NOT NULL,
    produced_quantity real,
    now timestamp with time zone NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    CONSTRAINT produced_quantity_seen_pkey PRIMARY KEY (production_run_id, number),
    CONSTRAINT produced_quantity_seen_number_check CHECK (number > 0),
    CONSTRAINT produced_quantity_seen_production_run_id_check CHECK (production_run_id <> ''::text)
);
CREATE INDEX produced_quantity_seen_by_age ON produced_quantity_seen USING btree (observed_at);

CREATE TABLE promise (
    id uuid NOT NULL,
    production_run_id text NOT NULL,
    partner_id text NOT NULL,
    kind text,
    since timestamp with time zone,
    due_on date NOT NULL,
    state text NOT NULL DEFAULT 'open'::text,
    made_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    message_id uuid,
    who text,
    why text,
    ended_at timestamp with time zone,
    ended_why text,
    CONSTRAINT promise_pkey PRIMARY KEY (id),
    CONSTRAINT promise_message_id_fkey FOREIGN KEY (message_id) REFERENCES message_log(id) ON DELETE SET NULL,
    CONSTRAINT promise_ended_why_check CHECK (ended_why <> ''::text),
    CONSTRAINT promise_kind_check CHECK (kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT promise_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT promise_production_run_id_check CHECK (production_run_id <> ''::text),
    CONSTRAINT promise_source_check CHECK (source = ANY (ARRAY['answer'::text, 'told_us'::text])),
    CONSTRAINT promise_state_check CHECK (state = ANY (ARRAY['open'::text, 'kept'::text, 'broken'::text, 'withdrawn'::text])),
    CONSTRAINT promise_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT promise_why_check CHECK (btrim(why) <> ''::text),
    CONSTRAINT what_is_over_says_when_and_why CHECK ((state = 'open'::text) = (num_nonnulls(ended_at, ended_why) = 0) AND (num_nonnulls(ended_at, ended_why) = ANY (ARRAY[0, 2]))),
    CONSTRAINT who_enters_it_says_why CHECK ((source = 'told_us'::text) = (num_nonnulls(who, why) = 2))
);
CREATE INDEX promise_by_age ON promise USING btree (made_at);
CREATE INDEX promise_by_message ON promise USING btree (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX promise_by_run ON promise USING btree (production_run_id, made_at);
CREATE UNIQUE INDEX promise_open ON promise USING btree (production_run_id) WHERE state = 'open'::text;

CREATE TABLE schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT schema_migration_pkey PRIMARY KEY (number)
);

CREATE TABLE sender_share (
    phone_number_id text NOT NULL,
    token uuid NOT NULL,
    wanted double precision NOT NULL,
    per_second double precision NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sender_share_pkey PRIMARY KEY (phone_number_id, token)
);

CREATE TABLE sender_stop (
    id uuid NOT NULL,
    sender text NOT NULL,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    clear_number integer NOT NULL,
    error_code integer,
    error_detail text NOT NULL,
    stopped_at timestamp with time zone NOT NULL DEFAULT now(),
    probe_token uuid,
    probed_at timestamp with time zone,
    lifted_at timestamp with time zone,
    try_number integer NOT NULL DEFAULT 1,
    CONSTRAINT sender_stop_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX sender_stop_open ON sender_stop USING btree (sender) WHERE lifted_at IS NULL;

CREATE TABLE sent_once (
    key bytea NOT NULL,
    recipient bytea NOT NULL,
    tracking_id text NOT NULL,
    task text NOT NULL,
    let_go_at timestamp with time zone NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    outcome text,
    CONSTRAINT sent_once_pkey PRIMARY KEY (key),
    CONSTRAINT sent_once_key_check CHECK (length(key) = 32),
    CONSTRAINT sent_once_outcome_check CHECK (outcome = ANY (ARRAY['sent'::text, 'unknown'::text])),
    CONSTRAINT sent_once_recipient_check CHECK (length(recipient) = 32)
);
CREATE INDEX sent_once_by_age ON sent_once USING btree (asked_at);

CREATE TABLE settings_history (
    id bigint NOT NULL GENERATED AS IDENTITY,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    undoes bigint,
    CONSTRAINT settings_history_pkey PRIMARY KEY (id),
    CONSTRAINT settings_history_undoes_fkey FOREIGN KEY (undoes) REFERENCES settings_history(id),
    CONSTRAINT settings_history_after_check CHECK (jsonb_typeof(after) = 'object'::text),
    CONSTRAINT settings_history_before_check CHECK (jsonb_typeof(before) = 'object'::text),
    CONSTRAINT settings_history_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT settings_history_why_check CHECK (btrim(why) <> ''::text)
);

CREATE TABLE stuck_run (
    dag_run_id text NOT NULL,
    production_run_id text NOT NULL,
    kind text NOT NULL,
    delivery text NOT NULL,
    day date NOT NULL,
    partner_id text,
    design_id text,
    since timestamp with time zone NOT NULL,
    quantity real,
    produced_quantity real,
    observed_at timestamp with time zone NOT NULL,
    CONSTRAINT stuck_run_pkey PRIMARY KEY (dag_run_id, production_run_id),
    CONSTRAINT stuck_run_delivery_check CHECK (delivery = ANY (ARRAY['live'::text, 'dry_run'::text, 'redirect'::text])),
    CONSTRAINT stuck_run_kind_check CHECK (kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT stuck_run_production_run_id_check CHECK (production_run_id <> ''::text)
);
CREATE INDEX stuck_run_by_age ON stuck_run USING btree (observed_at);
CREATE INDEX stuck_run_by_day ON stuck_run USING btree (delivery, day);
CREATE INDEX stuck_run_by_partner ON stuck_run USING btree (partner_id, day) WHERE partner_id IS NOT NULL;
CREATE INDEX stuck_run_history ON stuck_run USING btree (production_run_id, day);

CREATE TABLE template_account (
    waba_id text NOT NULL,
    tried_at timestamp with time zone NOT NULL,
    listed_at timestamp with time zone,
    problem text,
    CONSTRAINT template_account_pkey PRIMARY KEY (waba_id),
    CONSTRAINT template_account_waba_id_check CHECK (waba_id <> ''::text)
);

CREATE TABLE template_approval (
    waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    status text NOT NULL,
    category text,
    previous_category text,
    quality text,
    reason text,
    parameter_count integer,
    listed jsonb,
    seen_at timestamp with time zone NOT NULL,
    announced_category text,
    CONSTRAINT template_approval_pkey PRIMARY KEY (waba_id, name, language),
    CONSTRAINT template_approval_waba_id_check CHECK (waba_id <> ''::text)
);

CREATE TABLE template_change (
    id bigint NOT NULL GENERATED AS IDENTITY,
    dag_run_id text NOT NULL,
    waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    change text NOT NULL,
    status_before text,
    outcome text NOT NULL,
    detail text,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT template_change_pkey PRIMARY KEY (id),
    CONSTRAINT template_change_change_check CHECK (change = ANY (ARRAY['create'::text, 'edit'::text])),
    CONSTRAINT template_change_outcome_check CHECK (outcome = ANY (ARRAY['asked'::text, 'taken'::text, 'adopted'::text, 'refused'::text, 'unclear'::text, 'postponed'::text]))
);
CREATE INDEX template_change_asked ON template_change USING btree (waba_id) WHERE outcome = 'asked'::text;
CREATE INDEX template_change_by_account ON template_change USING btree (waba_id, made_at);
CREATE INDEX template_change_by_run ON template_change USING btree (dag_run_id);

CREATE TABLE tick (
    id uuid NOT NULL,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    delivery text NOT NULL,
    day date NOT NULL,
    now timestamp with time zone NOT NULL,
    inspected integer,
    no_partner integer,
    planned integer,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    by_hand boolean NOT NULL DEFAULT false,
    awaits_approval boolean NOT NULL DEFAULT false,
    told_figures text,
    CONSTRAINT tick_pkey PRIMARY KEY (id),
    CONSTRAINT tick_delivery_check CHECK (delivery = ANY (ARRAY['live'::text, 'dry_run'::text, 'redirect'::text]))
);
CREATE INDEX tick_by_age ON tick USING btree (created_at);
CREATE INDEX tick_by_day ON tick USING btree (dag_id, delivery, created_at);
CREATE INDEX tick_told ON tick USING btree (dag_id, dag_run_id, created_at) WHERE told_figures IS NOT NULL;

CREATE TABLE tick_hold (
    id bigint NOT NULL GENERATED AS IDENTITY,
    day date NOT NULL,
    since timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT tick_hold_pkey PRIMARY KEY (id),
    CONSTRAINT tick_hold_ended_by_check CHECK (btrim(ended_by) <> ''::text),
    CONSTRAINT tick_hold_who_check CHECK (btrim(who) <> ''::text),
    CONSTRAINT tick_hold_why_check CHECK (btrim(why) <> ''::text),
    CONSTRAINT what_was_ended_says_by_whom CHECK (num_nonnulls(ended_at, ended_by) = ANY (ARRAY[0, 2]))
);
CREATE INDEX tick_hold_by_day ON tick_hold USING btree (day);
CREATE UNIQUE INDEX tick_hold_open ON tick_hold USING btree (day) WHERE ended_at IS NULL;

CREATE TABLE trial_case (
    fortnight date NOT NULL,
    partner_id text NOT NULL,
    held_back boolean NOT NULL,
    production_run_id text NOT NULL,
    kind text NOT NULL,
    since timestamp with time zone NOT NULL,
    day date NOT NULL,
    outcome text,
    CONSTRAINT trial_case_pkey PRIMARY KEY (fortnight, partner_id),
    CONSTRAINT trial_case_kind_check CHECK (kind = ANY (ARRAY['assignment_pending'::text, 'not_started'::text, 'idle'::text])),
    CONSTRAINT trial_case_outcome_check CHECK (outcome = ANY (ARRAY['moved'::text, 'still_stuck'::text, 'by_the_shop'::text, 'spoilt'::text])),
    CONSTRAINT trial_case_partner_id_check CHECK (partner_id <> ''::text),
    CONSTRAINT trial_case_production_run_id_check CHECK (production_run_id <> ''::text)
);
CREATE INDEX trial_case_by_day ON trial_case USING btree (day);

CREATE TABLE waiting_status (
    id bigint NOT NULL GENERATED AS IDENTITY,
    event_id bigint NOT NULL,
    wamid text NOT NULL,
    row_id uuid,
    said jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT waiting_status_pkey PRIMARY KEY (id),
    CONSTRAINT waiting_status_event_id_fkey FOREIGN KEY (event_id) REFERENCES webhook_event(id) ON DELETE CASCADE
);
CREATE INDEX waiting_status_by_age ON waiting_status USING btree (received_at);
CREATE INDEX waiting_status_by_event ON waiting_status USING btree (event_id);

CREATE TABLE webhook_event (
    id bigint NOT NULL GENERATED AS IDENTITY,
    sha256 text NOT NULL,
    body bytea NOT NULL,
    spoken boolean NOT NULL DEFAULT true,
    received_at timestamp with time zone NOT NULL DEFAULT now(),
    times_received integer NOT NULL DEFAULT 1,
    applied_at timestamp with time zone,
    errors jsonb NOT NULL DEFAULT '[]'::jsonb,
    errors_told_at timestamp with time zone,
    may_be_stop boolean NOT NULL DEFAULT false,
    CONSTRAINT webhook_event_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_event_sha256_key UNIQUE (sha256),
    CONSTRAINT webhook_event_errors_check CHECK (jsonb_typeof(errors) = 'array'::text),
    CONSTRAINT webhook_event_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'::text),
    CONSTRAINT webhook_event_times_received_check CHECK (times_received > 0)
);
CREATE INDEX webhook_event_by_age ON webhook_event USING btree (received_at);
CREATE INDEX webhook_event_pending ON webhook_event USING btree (spoken DESC, may_be_stop DESC, id) WHERE applied_at IS NULL;
CREATE INDEX webhook_event_untold ON webhook_event USING btree (id) WHERE errors <> '[]'::jsonb AND errors_told_at IS NULL;

CREATE TABLE webhook_silence (
    sender text NOT NULL,
    day date NOT NULL,
    why text NOT NULL,
    since timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    told_at timestamp with time zone,
    CONSTRAINT webhook_silence_pkey PRIMARY KEY (sender, day, why),
    CONSTRAINT it_ends_after_it_began CHECK (ended_at >= since),
    CONSTRAINT webhook_silence_sender_check CHECK (sender <> ''::text),
    CONSTRAINT webhook_silence_why_check CHECK (why = ANY (ARRAY['unheard'::text, 'off'::text]))
);
CREATE INDEX webhook_silence_open ON webhook_silence USING btree (sender) WHERE ended_at IS NULL;
