-- The admins of these partners that are not deleted, eldest first: the first active one with a phone stands in for the partner.
SELECT id, partner_id, phone, is_active, created_at
FROM {{ partner_admin }}
WHERE partner_id = ANY (%(partner_ids)s) AND deleted_at IS NULL
ORDER BY partner_id, created_at, id
