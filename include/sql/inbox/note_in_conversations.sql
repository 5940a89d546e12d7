-- Note what was just written in its conversations, and the run that a reply is about: that of the latest message about a run, so one that
-- is mirrored late does not take a reply away from a later one. What else the metadata holds stays.
WITH written AS (
    SELECT * FROM json_to_recordset(%(written)s) AS w (conversation_id text, sent_at timestamptz, production_run_id text)
),
latest AS (
    SELECT DISTINCT ON (conversation_id) conversation_id, production_run_id, sent_at
    FROM written
    WHERE production_run_id IS NOT NULL
    ORDER BY conversation_id, sent_at DESC
),
-- (Read once for all: the shop's inbox has no index to find the messages of a conversation by.)
known AS MATERIALIZED (
    SELECT conversation_id, max(created_at) AS at
    FROM {{ messaging_message }}
    WHERE conversation_id = ANY (%(conversation_ids)s)
        AND direction = 'outbound'
        AND context_type = 'production_run'
        AND deleted_at IS NULL
    GROUP BY conversation_id
)
UPDATE {{ messaging_conversation }} AS c
SET
    last_message_at = greatest(c.last_message_at, w.at),
    metadata = CASE
        WHEN latest.sent_at >= coalesce(known.at, latest.sent_at)
            THEN coalesce(nullif(c.metadata, 'null'), '{}') || jsonb_build_object('pending_run_id', latest.production_run_id)
        ELSE c.metadata
    END,
    updated_at = now()
FROM (SELECT conversation_id, max(sent_at) AS at FROM written GROUP BY conversation_id) AS w
    LEFT JOIN latest USING (conversation_id)
    LEFT JOIN known USING (conversation_id)
WHERE c.id = ANY (%(conversation_ids)s) AND c.id = w.conversation_id
