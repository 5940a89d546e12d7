-- Halt all sending, and keep who said so and why; the same said again (a try whose answer was lost) counts once.
WITH halted AS (
    INSERT INTO halt AS h (since, who, why)
    VALUES (%(now)s, %(who)s, %(why)s)
    ON CONFLICT (only_one) DO UPDATE SET since = excluded.since, who = excluded.who, why = excluded.why
    WHERE (h.who, h.why) <> (excluded.who, excluded.why)
    RETURNING who, why
)
INSERT INTO audit (at, who, why, act, subject)
SELECT %(now)s, who, why, %(act)s, 'sending'
FROM halted
RETURNING id
