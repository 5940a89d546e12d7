-- End the halt, if there is one that is no later than the wish to end it, and keep who said so and why, and which it was.
WITH ended AS (
    DELETE FROM halt WHERE since <= %(asked_at)s RETURNING who, why, since
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT
    %(now)s, %(who)s, %(why)s, %(act)s, 'sending', jsonb_build_object('halted_by', who, 'halted_why', why, 'halted_since', since)
FROM ended
RETURNING id
