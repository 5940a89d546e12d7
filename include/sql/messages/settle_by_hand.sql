-- Say by hand what became of a message that is unknown, and keep who said so and why; the same said again (a try whose answer was
-- lost) counts too. What did not arrive has failed: its slot is free.
WITH settled AS (
    UPDATE message_log
    SET
        status = CASE %(outcome)s WHEN 'arrived' THEN 'sent' ELSE 'failed' END,
        sent_at = CASE %(outcome)s WHEN 'arrived' THEN coalesce(sent_at, claimed_at) ELSE sent_at END,
        failed_at = CASE %(outcome)s WHEN 'arrived' THEN failed_at ELSE %(now)s END,
        settled_by = %(who)s, updated_at = now()
    WHERE id = %(message_id)s AND status = 'unknown'
    RETURNING id
),
noted AS (
    INSERT INTO audit (at, who, why, act, subject, detail)
    SELECT %(now)s, %(who)s, %(why)s, %(act)s, id::text, jsonb_build_object('outcome', %(outcome)s::text)
    FROM settled
    RETURNING subject
)
SELECT subject FROM noted
UNION ALL
SELECT subject
FROM audit
WHERE subject = %(message_id)s::text
    AND act = %(act)s
    AND who = %(who)s
    AND why = %(why)s
    AND detail = jsonb_build_object('outcome', %(outcome)s::text)
