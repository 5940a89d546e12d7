-- What one tick inspected and how many messages it planned; null where planning did not get that far.
SELECT inspected, no_partner, planned FROM tick WHERE id = %(tick_id)s
