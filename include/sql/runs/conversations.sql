-- The conversations with these partners that are not deleted.
SELECT
    id, partner_id, phone_number, status, last_message_at, default_sender_platform_id,
    nullif(metadata ->> 'language', '') AS language,
    CASE lower(metadata ->> 'consent_given') WHEN 'true' THEN true WHEN 'false' THEN false END AS consent_given
FROM {{ messaging_conversation }}
WHERE partner_id = ANY (%(partner_ids)s) AND deleted_at IS NULL
