-- Delete the oldest notes of what was asked of Meta about templates; what was never answered stays.
DELETE FROM template_change
WHERE id = ANY (ARRAY (
    SELECT id FROM template_change WHERE made_at < %(before)s AND outcome <> 'asked' ORDER BY made_at LIMIT %(at_most)s
))
RETURNING id
