-- The names of these designs.
SELECT id, name
FROM {{ design }}
WHERE id = ANY (%(design_ids)s) AND deleted_at IS NULL
