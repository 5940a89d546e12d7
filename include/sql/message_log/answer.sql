-- name: record_answer
-- Keep what somebody wrote, once: the same message again writes nothing.
INSERT INTO answer (
    id, wamid, message_id, partner_id, production_run_id, phone, user_id, phone_number_id, kind, intent, text, payload, context_wamid,
    edited, received_at, recorded_at
)
VALUES (
    %(id)s, %(wamid)s, %(message_id)s, %(partner_id)s, %(production_run_id)s, %(phone)s, %(user_id)s, %(phone_number_id)s, %(kind)s,
    %(intent)s, %(text)s, %(payload)s, %(context_wamid)s, %(edited)s, %(received_at)s, %(now)s
)
ON CONFLICT (wamid) DO NOTHING
RETURNING id

-- name: answers_known
-- Which of these messages are kept already.
SELECT wamid FROM answer WHERE wamid = ANY (%(wamids)s)

-- name: offered_payload
-- The payload of the button with this label that a reply has offered to a phone: the reply that is answered, where it is known, else the last.
SELECT CASE %(label)s
        WHEN variables ->> 'button_1_title' THEN variables ->> 'button_1_id'
        WHEN variables ->> 'button_2_title' THEN variables ->> 'button_2_id'
        ELSE variables ->> 'button_3_id'
    END AS payload
FROM message_log
WHERE dialled(to_phone) = dialled(%(phone)s)
    AND message_kind = 'reply'
    AND %(label)s IN (variables ->> 'button_1_title', variables ->> 'button_2_title', variables ->> 'button_3_title')
ORDER BY coalesce(meta_message_id = %(context_wamid)s, false) DESC, created_at DESC
LIMIT 1

-- name: note_became
-- Note what was done with an answer.
UPDATE answer SET became = %(became)s WHERE id = %(id)s

-- name: answered_by_wamid
-- The message that an answer names: what a follow-up follows stands for it, and for a reply what it answered.
SELECT {% include "answered_columns" %}, named.meta_message_id
FROM message_log AS named
    LEFT JOIN answer AS a ON a.id = named.answer_id
    JOIN message_log AS m ON m.id = coalesce(named.parent_id, a.message_id, named.id)
WHERE named.meta_message_id = %(wamid)s

-- name: answered_by_id
-- The message whose id a button gives.
SELECT {% include "answered_columns" %}, m.meta_message_id
FROM message_log AS m
WHERE m.id = %(id)s

-- name: last_message_to
-- The last message that went to a phone since a moment, and Meta's id of it; else what a follow-up follows stands for it, and for a reply
-- what it answered.
SELECT {% include "answered_columns" %}, last.meta_message_id
FROM (
        SELECT id, parent_id, answer_id, meta_message_id
        FROM message_log
        WHERE dialled(to_phone) = dialled(%(phone)s)
            AND claimed_at >= %(since)s
            AND coalesce(sent_at, claimed_at) <= %(until)s
            AND (
                status IN ('sending', 'unknown', {% include "taken_by_meta" %})
                OR (status = 'failed' AND delivered_at IS NOT NULL)
            )
        ORDER BY claimed_at DESC, id
        LIMIT 1
    ) AS last
    LEFT JOIN answer AS a ON a.id = last.answer_id
    JOIN message_log AS m ON m.id = coalesce(last.parent_id, a.message_id, last.id)

-- name: phone_of_user
-- The phone of a person with this id: the one from which they were last heard, or on which a message last reached them.
SELECT phone
FROM (
        (
            SELECT phone, received_at AS at
            FROM answer
            WHERE user_id = %(user_id)s AND phone IS NOT NULL
            ORDER BY received_at DESC
            LIMIT 1
        )
        UNION ALL
        (
            SELECT to_phone, coalesce(sent_at, claimed_at, created_at) AS at
            FROM message_log
            WHERE recipient_user_id = %(user_id)s AND to_phone IS NOT NULL
            ORDER BY at DESC
            LIMIT 1
        )
    ) AS met
ORDER BY at DESC
LIMIT 1

-- name: knows_whose
-- What somebody has said about being written to before it was known whose phone theirs is: a message that has both says so. (Where a status says
-- so, the trigger `message_log_knows_whose` does the same.)
WITH said AS (
    UPDATE answer
    SET phone = %(phone)s, became = CASE intent WHEN 'stop' THEN 'opted_out' WHEN 'start' THEN 'opted_in' ELSE 'maybe_opt_out' END
    WHERE user_id = %(user_id)s AND phone IS NULL AND NOT blanked AND intent IN ('stop', 'start', 'maybe_stop')
    RETURNING intent, received_at
)
INSERT INTO partner_preference (phone, kind, value, at, source)
SELECT %(phone)s, 'opted_out', CASE said.intent WHEN 'maybe_stop' THEN 'maybe' ELSE said.intent END, said.received_at, 'message'
FROM said
ON CONFLICT DO NOTHING
RETURNING id

-- name: untold_stops_of_nobody
-- What may be STOP, of people whose phone nobody knows, and was not told yet.
SELECT id, received_at
FROM answer
WHERE phone IS NULL AND NOT blanked AND intent IN ('stop', 'maybe_stop') AND told_at IS NULL
ORDER BY received_at, id

-- name: note_stops_of_nobody_told
-- Operations were told of these.
UPDATE answer SET told_at = %(now)s WHERE id = ANY (%(ids)s) AND told_at IS NULL

-- name: stalls_of
-- The stalls of which a message speaks, longest first, and whether each has moved since: its run was found elsewhere, or by a later
-- scheduled tick nowhere, or an event has ended it or given it to somebody else. A lifecycle message speaks of none: since it was sent.
SELECT
    r.production_run_id, m.partner_id, found.kind, coalesce(found.since, m.sent_at, m.claimed_at, m.created_at) AS since,
    coalesce((found.kind, found.partner_id, found.since) IS DISTINCT FROM (latest.kind, latest.partner_id, latest.since), false)
    OR EXISTS (
        SELECT FROM tick AS t
        WHERE t.dag_id = 'production_run_reminders'
            AND t.delivery = 'live'
            AND t.planned IS NOT NULL
            AND t.dag_run_id LIKE 'scheduled\_\_%%'
            AND t.now > found.observed_at
            AND t.created_at >= m.created_at
            AND t.id <> m.tick_id
            AND NOT EXISTS (
                SELECT FROM stuck_run AS s
                WHERE s.dag_run_id = t.dag_run_id AND s.production_run_id = r.production_run_id
            )
    )
    OR EXISTS (
        SELECT FROM message_run AS er JOIN message_log AS e ON e.id = er.message_id
        WHERE er.production_run_id = r.production_run_id
            AND er.delivery = 'live'
            AND er.message_kind = 'event'
            AND e.created_at > m.created_at
            AND e.message_kind = 'event'
            AND (
                e.event_name IN ('production_run.completed', 'production_run.cancelled')
                OR (e.event_name = 'production_run.sent_to_partner' AND e.partner_id IS DISTINCT FROM m.partner_id)
            )
    ) AS moved
FROM message_log AS m
    JOIN message_run AS r ON r.message_id = m.id
    LEFT JOIN LATERAL (
        SELECT s.kind, s.partner_id, s.since, s.observed_at
        FROM stuck_run AS s
        WHERE s.production_run_id = r.production_run_id
            AND s.delivery = 'live'
            AND s.day <= m.day
            AND m.message_kind <> 'event'
            AND s.partner_id IS NOT DISTINCT FROM m.partner_id
        ORDER BY s.day DESC, s.observed_at DESC
        LIMIT 1
    ) AS found ON true
    LEFT JOIN LATERAL (
        SELECT s.kind, s.partner_id, s.since
        FROM stuck_run AS s
        WHERE s.production_run_id = r.production_run_id AND s.delivery = 'live' AND found.since IS NOT NULL
        ORDER BY s.day DESC, s.observed_at DESC
        LIMIT 1
    ) AS latest ON true
WHERE m.id = %(message_id)s
ORDER BY since, r.production_run_id

-- name: open_for_answer
-- Open an escalation of a live run for what its partner has written; where one is open for that reason, it stands.
INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at, answer_id)
VALUES (
    gen_random_uuid(), 'live', %(production_run_id)s, %(kind)s, %(partner_id)s, %(reason)s, %(since)s, 'webhook', %(at)s, %(answer_id)s
)
ON CONFLICT (delivery, production_run_id, reason) WHERE closed_at IS NULL DO NOTHING
RETURNING id

-- name: last_inbound_of
-- When each of these phones was last heard from, however it is spelled there, at which of our numbers. (That somebody has another number now,
-- WhatsApp says itself, and it opens no window.)
SELECT asked.phone, a.phone_number_id, max(a.received_at) AS at
FROM unnest(%(phones)s::text[]) AS asked (phone) JOIN answer AS a ON dialled(a.phone) = dialled(asked.phone)
WHERE a.received_at BETWEEN %(since)s AND %(until)s AND a.kind <> 'system'
GROUP BY asked.phone, a.phone_number_id

-- name: queue_reply
-- Queue a reply to an answer: one to each, and at most so many of such replies a day and phone. One that waits and is too late never leaves.
INSERT INTO message_log (
    id, dag_id, dag_run_id, tick_id, delivery, day, context_type, context_id, message_kind, production_run_id, partner_id, sender, to_phone,
    language, variables, body_text, status, answer_id, created_at
)
SELECT
    gen_random_uuid(), 'webhook', 'webhook', gen_random_uuid(), 'live', %(day)s, 'partner', %(context_id)s, 'reply', %(production_run_id)s,
    %(partner_id)s, %(sender)s, %(phone)s, %(language)s, %(variables)s, %(body_text)s, 'queued', %(answer_id)s, %(at)s
WHERE (
        SELECT count(*)
        FROM message_log
        WHERE dialled(to_phone) = dialled(%(phone)s) AND message_kind = 'reply' AND day = %(day)s AND holds_slot
            AND variables ->> 'reply' = ANY (%(such)s)
            AND NOT (status = 'queued' AND created_at < %(since)s)
    ) < %(at_most)s
ON CONFLICT DO NOTHING
RETURNING id

-- name: may_be_untold
-- Whether somebody has answered since a moment, or a reply waits that was queued since: a process that ended may have told nobody.
SELECT EXISTS (SELECT FROM answer WHERE recorded_at >= %(since)s)
    OR EXISTS (SELECT FROM message_log WHERE status = 'queued' AND message_kind = 'reply' AND created_at >= %(since)s) AS may_be

-- name: answered_since
-- What was written since a moment and answers a message of ours or asks for something, whoever has applied it.
SELECT id FROM answer WHERE NOT blanked AND received_at >= %(since)s AND (message_id IS NOT NULL OR became IS NOT NULL)

-- name: release_replies
-- Hand the replies that may still be sent to a tick, and its day: midnight may have come between. (Another one that meets it claims each message at most once.)
UPDATE message_log
SET dag_id = %(dag_id)s, dag_run_id = %(dag_run_id)s, tick_id = %(tick_id)s, day = %(day)s, updated_at = now()
WHERE status = 'queued' AND message_kind = 'reply' AND created_at >= %(since)s AND (not_before IS NULL OR not_before <= %(now)s)
RETURNING id

-- name: expire_replies
-- Withdraw the replies that come too late.
UPDATE message_log
SET status = 'skipped', skip_reason = 'expired', updated_at = now()
WHERE status = 'queued' AND message_kind = 'reply' AND created_at < %(since)s
RETURNING id

-- name: blank_answers
-- Take out of the oldest answers what tells of a person.
UPDATE answer
SET blanked = true, wamid = NULL, phone = NULL, user_id = NULL, text = NULL, payload = NULL, context_wamid = NULL
WHERE id = ANY (ARRAY (
    SELECT id FROM answer WHERE NOT blanked AND received_at < %(before)s ORDER BY received_at LIMIT %(at_most)s
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING id

-- name: delete_answers
-- Delete the oldest answers, which were blanked before.
DELETE FROM answer
WHERE id = ANY (ARRAY (SELECT id FROM answer WHERE blanked AND received_at < %(before)s ORDER BY received_at LIMIT %(at_most)s))
RETURNING id

-- name: listen_with
-- Write down what of the settings is needed where answers are applied.
INSERT INTO listening (settings, at)
VALUES (%(settings)s, %(now)s)
ON CONFLICT (only_one) DO UPDATE SET settings = excluded.settings, at = excluded.at
WHERE listening.settings IS DISTINCT FROM excluded.settings

-- name: listens_with
-- What of the settings was last written down.
SELECT settings FROM listening

-- part: answered_columns
-- What is asked of a message that is answered.
m.id, m.delivery, m.message_kind, m.partner_id, m.production_run_id, m.to_phone, m.sender, m.language, m.event_name

-- name: unread_answers
-- The runs of which something was answered or help was asked for, and nobody has closed it.
SELECT production_run_id, partner_id, opened_at
FROM escalation
WHERE delivery = 'live' AND closed_at IS NULL AND reason IN ('answered', 'asked_for_help')
ORDER BY production_run_id

-- name: never_delivered
-- The phones (as they are dialled) to whose partners the last messages were never delivered, so many in a row: each expired at Meta, which is only said while
-- its sender's webhook is alive, or was refused for the recipient's own sake. Counted from when they were last heard, or from when a
-- person has said that it was looked after. What was sent after the last of them counts only where it was delivered: what is on its way
-- yet, as yesterday's is at each tick, says nothing.
WITH last AS (
    SELECT DISTINCT ON (dialled(to_phone)) dialled(to_phone) AS phone, partner_id, claimed_at
    FROM message_log AS m
    WHERE delivery = 'live' AND {% include "undelivered" %}
    ORDER BY dialled(to_phone), claimed_at DESC
)
SELECT last.phone
FROM last
    CROSS JOIN LATERAL (
        SELECT greatest(
            (SELECT max(a.received_at) FROM answer AS a WHERE dialled(a.phone) = last.phone),
            (
                SELECT max(e.closed_at)
                FROM escalation AS e
                WHERE e.delivery = 'live' AND e.partner_id = last.partner_id AND e.reason = 'unreachable' AND e.over_at IS NULL
            )
        ) AS at
    ) AS heard
    CROSS JOIN LATERAL (
        SELECT count(*) AS messages, bool_and(sent.undelivered) AS all_undelivered
        FROM (
            SELECT {% include "undelivered" %} AS undelivered
            FROM message_log AS m
            WHERE dialled(m.to_phone) = last.phone
                AND m.delivery = 'live'
                AND m.message_kind IN ('reminder', 'digest', 'event')
                AND m.meta_message_id IS NOT NULL
                AND m.claimed_at > coalesce(heard.at, '-infinity')
                AND (m.claimed_at <= last.claimed_at OR m.delivered_at IS NOT NULL)
            ORDER BY m.claimed_at DESC
            LIMIT %(in_a_row)s
        ) AS sent
    ) AS counted
WHERE counted.messages = %(in_a_row)s AND counted.all_undelivered

-- part: undelivered
-- Whether a message that Meta took is known never to have arrived.
(
    m.meta_message_id IS NOT NULL
    AND m.delivered_at IS NULL
    AND (
        m.expired_at_meta IS NOT NULL
        OR (m.status = 'failed' AND m.error_code = ANY (%(recipient_codes)s))
    )
)
