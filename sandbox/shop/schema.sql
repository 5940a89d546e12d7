-- The shop's tables as production has them: real names, columns, checks and defaults, and no index that production lacks.

DROP TABLE IF EXISTS
    production_runs, production_run_activity, partner_admin, partner, design,
    messaging_message, messaging_conversation, social_platform, consumption_log, inventory_orders;

CREATE TABLE production_runs (
    id                    text PRIMARY KEY,                 -- prod_run_ + ULID
    status                text NOT NULL DEFAULT 'draft'
        CONSTRAINT production_runs_status_check
        CHECK (status IN ('draft', 'pending_review', 'approved', 'sent_to_partner', 'in_progress', 'completed',
                          'cancelled', 'awaiting_reassignment')),
    run_type              text NOT NULL DEFAULT 'production' CHECK (run_type IN ('production', 'sample')),
    quantity              real NOT NULL DEFAULT 1,
    parent_run_id         text,
    design_id             text,
    partner_id            text,
    order_id              text,
    accepted_at           timestamptz,
    started_at            timestamptz,
    finished_at           timestamptz,
    completed_at          timestamptz,
    cancelled_at          timestamptz,
    cancelled_reason      text,
    produced_quantity     real,
    rejected_quantity     real,
    dispatch_started_at   timestamptz,
    dispatch_completed_at timestamptz,
    snapshot              jsonb NOT NULL,
    captured_at           timestamptz NOT NULL,
    depends_on_run_ids    jsonb,                            -- a list of ids
    depends_on_inventory_order_ids jsonb,                   -- a list of ids; absent in older deployments
    -- from here to reassign_retry_count: absent in older deployments
    reminder_count        integer NOT NULL DEFAULT 0,
    reminder_kind         text,
    reminder_status       text CHECK (reminder_status IN ('active', 'escalated', 'closed')),
    last_reminded_at      timestamptz,
    previous_partner_id   text,
    reassign_retry_count  integer NOT NULL DEFAULT 0,
    metadata              jsonb,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz
);

CREATE TABLE production_run_activity (                      -- absent in older deployments
    id                text PRIMARY KEY,
    production_run_id text NOT NULL,
    activity_type     text NOT NULL CHECK (activity_type IN ('reminder_sent', 'lifecycle_event', 'note', 'system')),
    kind              text,
    actor_type        text NOT NULL CHECK (actor_type IN ('system', 'admin', 'partner', 'scheduled_flow')),
    partner_id        text,
    payload           jsonb,
    occurred_at       timestamptz NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz
);

CREATE TABLE consumption_log (                              -- absent in older deployments
    id                text PRIMARY KEY,
    design_id         text NOT NULL,
    production_run_id text,
    quantity          real NOT NULL,
    consumption_type  text NOT NULL DEFAULT 'sample'
        CHECK (consumption_type IN ('sample', 'production', 'wastage', 'energy_electricity', 'energy_water', 'energy_gas', 'labor')),
    consumed_by       text NOT NULL DEFAULT 'admin' CHECK (consumed_by IN ('admin', 'partner')),
    consumed_at       timestamptz NOT NULL,
    metadata          jsonb,                                -- production_run_id, where the column has it not
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz
);

CREATE TABLE inventory_orders (                             -- material that was ordered; absent in older deployments
    id                     text PRIMARY KEY,                -- inv_order_ + ULID
    quantity               integer NOT NULL,
    total_price            numeric NOT NULL,
    status                 text NOT NULL DEFAULT 'Pending'
        CHECK (status IN ('Pending', 'Processing', 'Ready for Delivery', 'Shipped', 'Delivered', 'Cancelled', 'Partial')),
    expected_delivery_date timestamptz,
    order_date             timestamptz,
    is_sample              boolean NOT NULL DEFAULT false,
    metadata               jsonb,
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    deleted_at             timestamptz
);

CREATE TABLE partner (
    id                text PRIMARY KEY,
    name              text NOT NULL,
    handle            text,
    status            text NOT NULL DEFAULT 'pending' CHECK (status IN ('active', 'inactive', 'pending')),
    whatsapp_number   text,
    whatsapp_verified boolean NOT NULL DEFAULT false,
    country_code      text,                                 -- ISO alpha-2
    metadata          jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz
);

CREATE TABLE partner_admin (
    id                 text PRIMARY KEY,
    partner_id         text NOT NULL REFERENCES partner (id),
    first_name         text,
    last_name          text,
    phone              text,
    preferred_language text,                                -- the portal's locale (hi, zhCN), not a language of Meta's
    is_active          boolean NOT NULL DEFAULT true,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz
);

CREATE TABLE design (
    id            text PRIMARY KEY,
    name          text NOT NULL,
    thumbnail_url text,
    media_files   jsonb,
    moodboard     jsonb,
    design_files  jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz
);

CREATE TABLE messaging_conversation (
    id                         text PRIMARY KEY,
    partner_id                 text NOT NULL,
    phone_number               text NOT NULL,               -- with + or digits only, as it came
    last_message_at            timestamptz,
    status                     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
    default_sender_platform_id text,
    metadata                   jsonb,                       -- language, consent_given, pending_run_id
    created_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now(),
    deleted_at                 timestamptz
);

CREATE TABLE messaging_message (
    id              text PRIMARY KEY,
    conversation_id text NOT NULL,
    direction       text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    content         text NOT NULL,
    message_type    text NOT NULL DEFAULT 'text'
        CHECK (message_type IN ('text', 'interactive', 'template', 'media', 'context_card')),
    wa_message_id   text,
    status          text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'sent', 'delivered', 'read', 'failed', 'queued')),
    context_type    text,
    context_id      text,
    fail_reason     text,
    media_mime_type text,
    reply_to_id     text,                                   -- the row that an inbound message answers
    metadata        jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz
);

CREATE TABLE social_platform (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    category   text NOT NULL,
    status     text NOT NULL DEFAULT 'active',
    api_config jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
