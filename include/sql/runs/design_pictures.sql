-- Where the pictures of these designs are, as text; a column that an older shop lacks holds none.
SELECT
    id,
    {{ "thumbnail_url::text" if has_thumbnail_url else "NULL" }} AS thumbnail_url,
    {{ "media_files::text" if has_media_files else "NULL" }} AS media_files,
    {{ "moodboard::text" if has_moodboard else "NULL" }} AS moodboard,
    {{ "design_files::text" if has_design_files else "NULL" }} AS design_files
FROM {{ design }}
WHERE id = ANY (%(design_ids)s) AND deleted_at IS NULL
