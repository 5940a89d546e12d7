-- The drafts of one planning as a table: what every statement that writes them begins with.
draft AS (
    SELECT d.*
    FROM json_to_recordset(%(drafts)s) AS d (
        id uuid, day date, context_type text, context_id text, message_kind text, reminder_kind text, event_name text,
        event_id text, decided_at timestamptz, parent_id uuid, production_run_id text, partner_id text, design_id text,
        sender text, to_phone text, language text, template_name text, variables jsonb, body_text text, image_url text,
        not_before timestamptz, skip_reason text, duplicate_of uuid, production_run_ids jsonb, adopts uuid
    )
)
