-- name: partners
-- The partners with these ids, deleted ones too: a deleted partner is a reason to tell, not a hole.
SELECT id, name, status, deleted_at IS NOT NULL AS deleted, whatsapp_number, whatsapp_verified, country_code
FROM {{ partner }}
WHERE id = ANY (%(partner_ids)s)

-- name: partners_called
-- The partners whose name, handle or id this is, whatever its case: where somebody typed it in place of the id.
SELECT id, name, {{ "handle" if has_handle else "NULL" }} AS handle
FROM {{ partner }}
WHERE deleted_at IS NULL
    AND (
        lower(trim(name)) = ANY (%(words)s) OR lower(id) = ANY (%(words)s)
        {{ "OR lower(trim(handle)) = ANY (%(words)s)" if has_handle }}
    )
ORDER BY id

-- name: partners_like
-- The partners whose id this is, or whose name has these words in it, deleted ones too: their messages are still there.
SELECT id, name
FROM {{ partner }}
WHERE id = %(some)s OR position(lower(%(some)s) IN lower(name)) > 0
ORDER BY id = %(some)s DESC, name, id
LIMIT %(at_most)s

-- name: admins
-- The admins of these partners that are not deleted, eldest first: the first active one with a phone stands in for the partner.
SELECT id, partner_id, phone, is_active, created_at
FROM {{ partner_admin }}
WHERE partner_id = ANY (%(partner_ids)s) AND deleted_at IS NULL
ORDER BY partner_id, created_at, id
