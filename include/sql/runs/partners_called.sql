-- The partners whose name, handle or id this is, whatever its case: where somebody typed it in place of the id.
SELECT id, name, {{ "handle" if has_handle else "NULL" }} AS handle
FROM {{ partner }}
WHERE deleted_at IS NULL
    AND (
        lower(trim(name)) = ANY (%(words)s) OR lower(id) = ANY (%(words)s)
        {{ "OR lower(trim(handle)) = ANY (%(words)s)" if has_handle }}
    )
ORDER BY id
