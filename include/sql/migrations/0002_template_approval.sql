-- What is known of the WhatsApp templates on every account, and what was asked of Meta about them.

CREATE TABLE template_account (
    waba_id text PRIMARY KEY CHECK (waba_id <> ''),
    tried_at timestamptz NOT NULL,
    listed_at timestamptz,
    problem text
);
COMMENT ON TABLE template_account IS
    'When each account''s templates were last read as a whole (an account without any counts too), and why they could not be since.';

CREATE TABLE template_approval (
    waba_id text NOT NULL CHECK (waba_id <> ''),
    name text NOT NULL,
    language text NOT NULL,
    status text NOT NULL,
    category text,
    previous_category text,
    quality text,
    reason text,
    parameter_count integer,
    listed jsonb,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (waba_id, name, language)
);
COMMENT ON TABLE template_approval IS 'What Meta last said of each template in each language on each account; only APPROVED may be sent.';
COMMENT ON COLUMN template_approval.listed IS 'The whole description as Meta listed it; null where only a refused message told of it.';

CREATE TABLE template_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dag_run_id text NOT NULL,
    waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    change text NOT NULL CHECK (change IN ('create', 'edit')),
    status_before text,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'adopted', 'refused', 'unclear', 'postponed')),
    detail text,
    made_at timestamptz NOT NULL
);
COMMENT ON TABLE template_change IS 'Every template submitted or edited, and what became of it: Meta limits both, and people ask who changed what.';
CREATE INDEX template_change_by_account ON template_change (waba_id, made_at);
CREATE INDEX template_change_by_run ON template_change (dag_run_id);
