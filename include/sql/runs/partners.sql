-- The partners with these ids, deleted ones too: a deleted partner is a reason to tell, not a hole.
SELECT id, name, status, deleted_at IS NOT NULL AS deleted, whatsapp_number, whatsapp_verified, country_code
FROM {{ partner }}
WHERE id = ANY (%(partner_ids)s)
