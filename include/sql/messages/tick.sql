-- One tick, as preflight and planning noted it.
SELECT delivery, day, now, inspected, no_partner, planned FROM tick WHERE id = %(tick_id)s
