-- Note a message in its conversation, and the run that a reply is about: that of the latest message about a run, so one that is
-- mirrored late does not take a reply away from a later one. What else the metadata holds stays.
UPDATE {{ messaging_conversation }} AS c
SET
    last_message_at = greatest(c.last_message_at, %(sent_at)s),
    metadata = CASE
        WHEN %(production_run_id)s::text IS NULL OR EXISTS (
            SELECT
            FROM {{ messaging_message }} AS later
            WHERE later.conversation_id = c.id
                AND later.direction = 'outbound'
                AND later.context_type = 'production_run'
                AND later.created_at > %(sent_at)s
                AND later.deleted_at IS NULL
        ) THEN c.metadata
        ELSE coalesce(nullif(c.metadata, 'null'), '{}') || jsonb_build_object('pending_run_id', %(production_run_id)s::text)
    END,
    updated_at = now()
WHERE c.id = %(conversation_id)s
