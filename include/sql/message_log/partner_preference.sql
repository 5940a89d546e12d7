-- name: note_preference
-- Write down what was said about being written to; the same again is nothing new.
INSERT INTO partner_preference (phone, partner_id, kind, value, at, source, who, why)
VALUES (%(phone)s, %(partner_id)s, %(kind)s, %(value)s, %(at)s, %(source)s, %(who)s, %(why)s)
ON CONFLICT DO NOTHING
RETURNING id

-- name: lock_preferences
-- Let what is said of one phone or partner be written down one after the other, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('partner_preference ' || %(whose)s, 0))

-- name: preferences
-- Of each phone (as it is dialled) and each partner what was said last: their own words, what was entered by hand, what waits to be decided, the
-- language, and Meta's marketing. Of equals "stop".
{%- from "sort_of_word" import said_of %}
SELECT DISTINCT ON (p.kind, sort, whose) p.kind, sort, whose, p.value, p.at
FROM partner_preference AS p CROSS JOIN LATERAL {{ said_of("p") }} AS of
WHERE %(of)s::text[] IS NULL OR whose = ANY (%(of)s)
ORDER BY p.kind, sort, whose, p.at DESC, p.value = 'stop' DESC, p.id DESC

-- name: delete_preferences
-- Delete the oldest words that another one has taken the place of, itself as old: of each phone or partner the last one of its sort
-- (their own, by hand, what sounds like STOP, the language, marketing) stays as long as there is the table. See `preferences`.
{%- from "sort_of_word" import said_of %}
DELETE FROM partner_preference AS old
WHERE old.id = ANY (ARRAY (
    SELECT p.id
    FROM partner_preference AS p CROSS JOIN LATERAL {{ said_of("p") }} AS of
    WHERE p.at < %(before)s
        AND EXISTS (
            SELECT FROM partner_preference AS later CROSS JOIN LATERAL {{ said_of("later") }} AS of_later
            WHERE later.kind = p.kind
                AND later.at < %(before)s
                AND (dialled(later.phone) = dialled(p.phone) OR later.partner_id = p.partner_id)
                AND (of_later.sort, of_later.whose) = (of.sort, of.whose)
                AND (later.at, later.value = 'stop', later.id) > (p.at, p.value = 'stop', p.id)
        )
    ORDER BY p.at
    LIMIT %(at_most)s
))
RETURNING old.id

-- name: opt_outs
-- Who has said STOP, or what sounds like it, by the last word of each sort and phone or partner, the latest first; for operations.
{%- from "sort_of_word" import said_of %}
WITH last AS (
    SELECT DISTINCT ON (of.sort, of.whose) of.sort, of.whose, p.phone, p.partner_id, p.value, p.at, p.source
    FROM partner_preference AS p CROSS JOIN LATERAL {{ said_of("p") }} AS of
    WHERE p.kind = 'opted_out'
    ORDER BY of.sort, of.whose, p.at DESC, p.value = 'stop' DESC
)
SELECT phone, partner_id, value, at, source
FROM last
WHERE value IN ('stop', 'maybe')
ORDER BY at DESC, phone, partner_id

-- name: partners_on
-- The partners who were written to on these phones (as they are dialled).
SELECT DISTINCT partner_id FROM message_log WHERE dialled(to_phone) = ANY (%(phones)s) AND delivery = 'live' AND claimed_at IS NOT NULL

-- name: phones_of_partner
-- The phones on which a partner was written to or has answered, the last one first.
SELECT phone
FROM (
    SELECT to_phone AS phone, max(created_at) AS at
    FROM message_log
    WHERE partner_id = %(partner_id)s AND delivery = 'live' AND to_phone IS NOT NULL
    GROUP BY to_phone
    UNION ALL
    SELECT phone, max(received_at) FROM answer WHERE partner_id = %(partner_id)s AND phone IS NOT NULL GROUP BY phone
) AS known
GROUP BY phone
ORDER BY max(at) DESC

-- name: enter_preference
-- Enter by hand what a partner has told somebody, and keep who and why; the same said again (a try whose answer was lost) counts too.
WITH entered AS (
    INSERT INTO partner_preference (phone, partner_id, kind, value, at, source, who, why)
    VALUES (%(phone)s, %(partner_id)s, 'opted_out', %(value)s, %(now)s, %(source)s, %(who)s, %(why)s)
    ON CONFLICT DO NOTHING
    RETURNING id
)
INSERT INTO audit (at, who, why, act, subject, detail)
SELECT %(now)s, %(who)s, %(why)s, %(act)s, %(partner_id)s, jsonb_build_object('value', %(value)s::text, 'source', %(source)s::text)
FROM entered
RETURNING id

-- name: close_what_was_decided
-- Close what sounded like STOP, once somebody has decided what it is, or the partners have said it themselves; what was said after that
-- moment stands.
UPDATE escalation
SET closed_at = greatest(%(now)s, opened_at), closed_by = %(who)s, closed_why = %(why)s, over_at = greatest(%(now)s, opened_at)
WHERE delivery = 'live'
    AND reason = 'maybe_opt_out'
    AND partner_id = ANY (%(partner_ids)s)
    AND closed_at IS NULL
    AND opened_at <= %(now)s
RETURNING id

-- part: says_stop
-- Whether a message's recipient has opted out: by their own last word on that phone, or by the last one of all, what was entered by
-- hand included. (See `recipients/preferences.py`, which says the same of what is planned.)
(
    coalesce((
        SELECT p.value = 'stop'
        FROM partner_preference AS p
        WHERE p.kind = 'opted_out' AND dialled(p.phone) = dialled(m.to_phone) AND p.source = 'message' AND p.value <> 'maybe'
        ORDER BY p.at DESC, p.value = 'stop' DESC
        LIMIT 1
    ), false)
    OR coalesce((
        SELECT p.value = 'stop'
        FROM partner_preference AS p
        WHERE p.kind = 'opted_out'
            AND p.value <> 'maybe'
            AND (
                (dialled(p.phone) = dialled(m.to_phone) AND p.source = 'message')
                OR (p.source <> 'message' AND (p.partner_id = m.partner_id OR (p.partner_id IS NULL AND dialled(p.phone) = dialled(m.to_phone))))
            )
        ORDER BY p.at DESC, p.value = 'stop' DESC
        LIMIT 1
    ), false)
)

-- part: was_stopped_after
-- Whether a reply is to something that its recipient had written before they wrote STOP, which it does not confirm.
(
    m.variables ->> 'reply' <> 'stopped'
    AND EXISTS (
        SELECT FROM partner_preference AS p
        WHERE p.kind = 'opted_out'
            AND p.value = 'stop'
            AND p.source = 'message'
            AND dialled(p.phone) = dialled(m.to_phone)
            AND p.at >= m.created_at
    )
)

-- part: may_say_stop
-- Whether something that its recipient wrote sounds like STOP, and nobody has decided yet what it is.
coalesce((
    SELECT p.value = 'maybe'
    FROM partner_preference AS p
    WHERE p.kind = 'opted_out'
        AND (
            (dialled(p.phone) = dialled(m.to_phone) AND p.source = 'message')
            OR (p.source <> 'message' AND (p.partner_id = m.partner_id OR (p.partner_id IS NULL AND dialled(p.phone) = dialled(m.to_phone))))
        )
    ORDER BY p.at DESC, p.value <> 'maybe' DESC
    LIMIT 1
), false)

-- part: sort_of_word
-- Of which sort a word is, and whose: of each sort the last one of each phone or partner counts.
{%- macro said_of(p) -%}
(
    SELECT
        CASE
            WHEN {{ p }}.kind <> 'opted_out' THEN ''
            WHEN {{ p }}.value = 'maybe' THEN 'maybe'
            WHEN {{ p }}.source = 'message' THEN 'own'
            ELSE 'by_hand'
        END AS sort,
        CASE
            WHEN {{ p }}.source IN ('told_us', 'undone', 'decided') THEN coalesce({{ p }}.partner_id, dialled({{ p }}.phone))
            ELSE coalesce(dialled({{ p }}.phone), {{ p }}.partner_id)
        END AS whose
)
{%- endmacro %}
