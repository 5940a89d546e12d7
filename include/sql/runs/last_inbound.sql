-- When the other side last wrote to us up to a moment, by conversation, for numbers that end like these: the formats are mixed, so
-- whoever asks reads each number. Archived ones count too, as the window is WhatsApp's and not the inbox's.
{%- from "runs/possible.sql" import moment %}
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
