-- name: conversations
-- The conversations with these partners, and whoever else's whose number ends like these: the formats are mixed, so whoever asks
-- reads each number. Deleted ones too: who tidies up the inbox takes back nothing that a partner said.
SELECT
    c.id, c.partner_id, c.phone_number, p.country_code, c.status, c.deleted_at IS NOT NULL AS deleted,
    c.last_message_at, c.created_at, c.updated_at, c.default_sender_platform_id,
    nullif(c.metadata ->> 'language', '') AS language,
    -- The shop writes true or false. Whatever else somebody has put there is no "yes", so nobody is written to on its strength.
    nullif(lower(trim(c.metadata ->> 'consent_given')), '') IN ('true', 'yes', '1') AS consent_given,
    c.metadata ->> 'consent_given_at' AS consent_given_at,
    c.metadata ->> 'consent_source' AS consent_source
FROM {{ messaging_conversation }} AS c LEFT JOIN {{ partner }} AS p ON p.id = c.partner_id
WHERE c.partner_id = ANY (%(partner_ids)s)
    OR right(regexp_replace(c.phone_number, '\D', '', 'g'), %(ending_length)s) = ANY (%(endings)s)

-- name: begun_by_the_other_side
-- Which of these conversations began with a message to us. The shop made them, and wrote down the number that Meta gave; in any other
-- the number is as somebody typed it, and a reply from whatever number ends alike goes into it. A message whose time cannot be may
-- have been the first.
{%- from "possible" import moment %}
SELECT conversation_id
FROM (
    SELECT DISTINCT ON (conversation_id) conversation_id, direction, deleted_at, {{ moment("created_at") }} AS at
    FROM {{ messaging_message }}
    WHERE conversation_id = ANY (%(conversation_ids)s)
    ORDER BY conversation_id, at NULLS FIRST, id
) AS first_message
WHERE direction = 'inbound' AND deleted_at IS NULL AND at IS NOT NULL

-- name: last_inbound
-- When the other side last wrote to us up to a moment, by conversation, for numbers that end like these: the formats are mixed, so
-- whoever asks reads each number. Archived ones count too, as the window is WhatsApp's and not the inbox's.
{%- from "possible" import moment %}
SELECT c.partner_id, c.phone_number, p.country_code, max(m.created_at) AS last_inbound
FROM {{ messaging_conversation }} AS c
    JOIN {{ messaging_message }} AS m ON m.conversation_id = c.id
    LEFT JOIN {{ partner }} AS p ON p.id = c.partner_id
WHERE right(regexp_replace(c.phone_number, '\D', '', 'g'), %(ending_length)s) = ANY (%(endings)s)
    AND c.deleted_at IS NULL
    AND m.direction = 'inbound'
    AND m.deleted_at IS NULL
    AND ({{ moment("m.created_at") }}) <= %(until)s
GROUP BY c.id, c.partner_id, c.phone_number, p.country_code

-- name: reminded_in_shop
-- Which of these runs the shop itself reminded of on that day: an outbound message under our context that did not fail
{%- if has_last_reminded_at %}, or its own mark
-- on the run. The shop sets the mark before it sends and writes the message after, so a mark alone may mean either and counts; only
-- one whose message failed does not (a failed one from before the mark is another's; the clocks of two processes may differ a little)
{%- endif %}.
-- What this package has written into the shop's inbox (mirror_to_shop) names its row of the message log, and is not the shop's.
WITH message AS (
    SELECT context_id, status, created_at
    FROM {{ messaging_message }}
    WHERE context_type = 'production_run'
        AND context_id = ANY (%(context_ids)s)
        AND direction = 'outbound'
        AND deleted_at IS NULL
        AND metadata ->> 'message_log_id' IS NULL
)
SELECT substring(context_id FROM '^[^:]+') AS production_run_id
FROM message
WHERE status <> 'failed'
{%- if has_last_reminded_at %}
UNION
SELECT run.id
FROM {{ production_runs }} AS run
WHERE run.id = ANY (%(marked_run_ids)s)
    AND run.last_reminded_at >= %(begins)s
    AND run.last_reminded_at < %(ends)s
    AND NOT EXISTS (
        SELECT FROM message
        WHERE substring(message.context_id FROM '^[^:]+') = run.id
            AND message.status = 'failed'
            AND message.created_at > greatest(run.last_reminded_at, %(begins)s) - interval '5 minutes'
            AND message.created_at < '2100-01-01'
    )
{%- endif %}

-- name: already_there
-- Which of Meta's message ids the inbox has already; what a person deleted there was there.
SELECT wa_message_id FROM {{ messaging_message }} WHERE wa_message_id = ANY (%(wamids)s)

-- name: lock_partners
-- Let one transaction at a time write these partners' messages, in their order; whoever comes later waits and then sees what was written.
SELECT pg_advisory_xact_lock(hashtextextended('partner_messages inbox ' || id, 0))
FROM (SELECT id FROM unnest(%(partner_ids)s::text[]) AS partner (id) ORDER BY id) AS in_order

-- name: make_conversation
-- Begin a conversation with a partner.
INSERT INTO {{ messaging_conversation }} (id, partner_id, phone_number, status)
VALUES (%(id)s, %(partner_id)s, %(phone_number)s, 'active')

-- name: write_message
-- Write one message that Meta took; the shop's own webhook brings it further than sent.
INSERT INTO {{ messaging_message }} (
    id, conversation_id, direction, content, message_type, wa_message_id, status, context_type, context_id, metadata, created_at
)
VALUES (
    %(id)s, %(conversation_id)s, 'outbound', %(content)s, %(message_type)s, %(wamid)s, 'sent', %(context_type)s, %(context_id)s,
    %(metadata)s, %(sent_at)s
)

-- name: note_in_conversations
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

-- name: statuses_of
-- What the shop knows of messages by Meta's ids; one that is there twice counts by how far it has come.
SELECT DISTINCT ON (wa_message_id) wa_message_id AS wamid, status, fail_reason AS reason
FROM {{ messaging_message }}
WHERE wa_message_id = ANY (%(wamids)s) AND direction = 'outbound' AND deleted_at IS NULL
ORDER BY wa_message_id, array_position(ARRAY['failed', 'read', 'delivered', 'sent'], status::text)

-- name: written_to_us
-- What the other side has written since a moment, as the shop's own webhook has kept it, in that order, and which message each answers.
-- Deleted ones too: who tidies up the inbox takes back nothing that a partner said.
{%- from "possible" import moment %}
SELECT
    m.id, m.wa_message_id AS wamid, m.content, m.message_type, m.created_at AS at, c.partner_id, c.phone_number, p.country_code,
    {% if has_media_mime_type %}m.media_mime_type{% else %}NULL::text{% endif %} AS mime_type,
    {% if has_reply_to_id %}named.wa_message_id{% else %}NULL::text{% endif %} AS context_wamid
FROM {{ messaging_message }} AS m
    JOIN {{ messaging_conversation }} AS c ON c.id = m.conversation_id
    LEFT JOIN {{ partner }} AS p ON p.id = c.partner_id
{%- if has_reply_to_id %}
    LEFT JOIN {{ messaging_message }} AS named ON named.id = m.reply_to_id
{%- endif %}
WHERE m.direction = 'inbound'
    AND m.created_at > %(since)s -- As it is, too: for an index.
    AND ({{ moment("m.created_at") }}) > %(since)s
ORDER BY m.created_at, m.id
