-- Write down templates of an account; what was learnt later stays. Of a whole listing: what it does not show is gone.
WITH listing AS (
    SELECT * FROM json_to_recordset(%(listing)s) AS l (
        name text, language text, status text, category text, previous_category text, quality text, reason text,
        parameter_count integer, listed jsonb
    )
), gone AS (
    DELETE FROM template_approval AS a
    WHERE %(whole)s
        AND a.waba_id = %(waba_id)s
        AND a.seen_at <= %(seen_at)s
        AND NOT EXISTS (SELECT FROM listing AS l WHERE l.name = a.name AND l.language = a.language)
)
INSERT INTO template_approval AS a (
    waba_id, name, language, status, category, previous_category, quality, reason, parameter_count, listed, seen_at
)
SELECT
    %(waba_id)s, name, language, status, category, previous_category, quality, reason, parameter_count, listed, %(seen_at)s
FROM listing
ON CONFLICT (waba_id, name, language) DO UPDATE
SET
    status = excluded.status, category = excluded.category, quality = excluded.quality, reason = excluded.reason,
    parameter_count = excluded.parameter_count, listed = excluded.listed, seen_at = excluded.seen_at,
    previous_category = coalesce(
        excluded.previous_category,
        CASE WHEN a.category <> excluded.category THEN a.category ELSE a.previous_category END
    )
WHERE a.seen_at <= excluded.seen_at
