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
