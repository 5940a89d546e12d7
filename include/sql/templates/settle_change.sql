-- Note what became of a change that was asked for.
UPDATE template_change SET outcome = %(outcome)s, detail = %(detail)s WHERE id = %(id)s AND outcome = 'asked'
