-- Note what a tick inspected and how many messages it planned.
UPDATE tick SET inspected = %(inspected)s, no_partner = %(no_partner)s, planned = %(planned)s WHERE id = %(tick_id)s
