-- Operations were told of these escalations.
UPDATE escalation SET told_on = %(day)s WHERE id = ANY (%(ids)s)
