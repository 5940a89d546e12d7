-- The conversations with these partners, and whoever else's whose number ends like these: the formats are mixed, so whoever asks
-- reads each number. Deleted ones too: who tidies up the inbox takes back nothing that a partner said.
--
-- A moment that no calendar has is none.
SELECT
    c.id, c.partner_id, c.phone_number, p.country_code, c.status, c.deleted_at IS NOT NULL AS deleted,
    CASE WHEN c.last_message_at BETWEEN '0001-01-02' AND '9999-12-30' THEN c.last_message_at END AS last_message_at,
    c.default_sender_platform_id,
    nullif(c.metadata ->> 'language', '') AS language,
    CASE lower(c.metadata ->> 'consent_given') WHEN 'true' THEN true WHEN 'false' THEN false END AS consent_given,
    c.metadata ->> 'consent_given_at' AS consent_given_at,
    c.metadata ->> 'consent_source' AS consent_source,
    CASE WHEN c.created_at BETWEEN '0001-01-02' AND '9999-12-30' THEN c.created_at END AS created_at,
    CASE WHEN c.updated_at BETWEEN '0001-01-02' AND '9999-12-30' THEN c.updated_at END AS updated_at
FROM {{ messaging_conversation }} AS c LEFT JOIN {{ partner }} AS p ON p.id = c.partner_id
WHERE c.partner_id = ANY (%(partner_ids)s)
    OR right(regexp_replace(c.phone_number, '\D', '', 'g'), %(ending_length)s) = ANY (%(endings)s)
