-- The changes of an account that were asked for and of which nobody has noted what became: the process ended before.
SELECT id, name, language, change FROM template_change WHERE waba_id = %(waba_id)s AND outcome = 'asked' ORDER BY id
