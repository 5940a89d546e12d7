-- What is answered to a partner within the 24-hour window, and what a process beside Airflow must know of its settings.

ALTER TABLE message_log
    ADD COLUMN answer_id uuid REFERENCES answer (id) ON DELETE SET NULL,
    DROP CONSTRAINT message_log_message_kind_check,
    ADD CONSTRAINT message_log_message_kind_check
        CHECK (message_kind IN ('reminder', 'digest', 'event', 'followup', 'reply')),
    DROP CONSTRAINT a_message_has_what_it_needs,
    ADD CONSTRAINT a_message_has_what_it_needs CHECK (
        status = 'skipped'
        OR (sender IS NOT NULL AND language IS NOT NULL AND coalesce(partner_id, '') <> ''
            AND (template_name IS NOT NULL OR message_kind IN ('followup', 'reply'))
            AND (blanked OR (to_phone IS NOT NULL AND variables IS NOT NULL)))
    );
COMMENT ON COLUMN message_log.answer_id IS 'For a reply: what it answers. Its context is that answer''s, so that there is one.';
CREATE INDEX message_log_replies ON message_log (to_phone, created_at) WHERE message_kind = 'reply';
CREATE INDEX message_log_by_answer ON message_log (answer_id) WHERE answer_id IS NOT NULL;

CREATE TABLE listening (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    settings jsonb NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE listening IS
    'Its one row is what of the settings is needed where answers are applied: the receiver may run where no Variable is to be had.';
