-- How many runs the tick looked at, and how many of them are nobody's turn.
SELECT inspected, no_partner
FROM partner_messages.tick
WHERE dag_id = %(dag_id)s AND delivery = 'live';
