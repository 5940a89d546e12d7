-- name: listen_to
-- Note that a receiver takes these senders' webhooks now. Where none did for a while, that is a silence that is over.
WITH off AS (
    INSERT INTO webhook_silence AS s (sender, day, why, since, ended_at, told_at)
    SELECT sender, %(day)s, 'off', at, %(now)s, %(now)s
    FROM listening_to
    WHERE sender = ANY (%(senders)s) AND at < %(now)s - %(quiet)s
    ON CONFLICT (sender, day, why) DO UPDATE
    SET since = least(s.since, excluded.since), ended_at = greatest(s.ended_at, excluded.ended_at)
)
INSERT INTO listening_to AS l (sender, at)
SELECT sender, %(now)s FROM unnest(%(senders)s::text[]) AS asked (sender) ORDER BY sender
ON CONFLICT (sender) DO UPDATE SET at = greatest(l.at, excluded.at)
RETURNING sender

-- name: note_silences
-- Note the senders of which a message of the day was accepted a while ago, and whose webhook has spoken neither of it nor of anything
-- since; a minute before counts as well, as Meta's clock and ours differ. What Meta holds back may be silent for an hour. Of what was sent
-- shortly before midnight it is seen after it, unless the sender was silent before.
WITH unheard AS (
    SELECT m.sender, min(m.sent_at) AS first_sent, max(m.sent_at) AS last_sent
    FROM message_log AS m
        JOIN listening_to AS l ON l.sender = m.sender AND l.at > %(now)s - %(listened)s
    WHERE (
            m.day = %(day)s
            OR (
                m.day = %(day)s - 1
                AND m.sent_at > %(now)s - interval '1 hour'
                AND NOT EXISTS (SELECT FROM webhook_silence AS open WHERE open.sender = m.sender AND open.ended_at IS NULL)
            )
        )
        AND m.delivery IN ('live', 'redirect')
        AND m.status = 'sent'
        AND m.sent_at <= %(now)s - %(quiet)s
        AND coalesce(m.message_status, 'accepted') = 'accepted'
        AND coalesce(m.sent_at_meta, m.delivered_at_meta, m.read_at_meta, m.failed_at_meta) IS NULL
    GROUP BY m.sender
)
INSERT INTO webhook_silence AS s (sender, day, why, since)
SELECT u.sender, %(day)s, 'unheard', coalesce(heard.at, u.first_sent)
FROM unheard AS u
    CROSS JOIN LATERAL (
        SELECT {% include "last_heard" %} AS at
        FROM message_log AS h
        WHERE h.sender = u.sender AND h.sent_at > u.last_sent - interval '7 days' AND {% include "was_heard" %}
    ) AS heard
WHERE heard.at IS NULL OR heard.at < u.last_sent - interval '1 minute'
ON CONFLICT (sender, day, why) DO UPDATE SET ended_at = NULL WHERE s.ended_at IS NOT NULL
RETURNING sender

-- name: end_silences
-- End the silences of senders whose webhook has spoken since, and of those that nobody listens to any more.
UPDATE webhook_silence AS s
SET ended_at = greatest(%(now)s, s.since)
WHERE s.ended_at IS NULL
    AND (
        s.since < (
            SELECT {% include "last_heard" %}
            FROM message_log AS h
            WHERE h.sender = s.sender AND h.sent_at > s.since - interval '7 days' AND {% include "was_heard" %}
        )
        OR NOT EXISTS (SELECT FROM listening_to AS l WHERE l.sender = s.sender AND l.at > %(now)s - %(listened)s)
    )
RETURNING s.sender

-- name: untold_silences
-- The silences that last and of which operations were not told yet.
SELECT sender, day, since FROM webhook_silence WHERE told_at IS NULL AND ended_at IS NULL ORDER BY sender, day

-- name: note_silences_told
-- Operations were told of these.
UPDATE webhook_silence AS s
SET told_at = %(now)s
FROM json_to_recordset(%(told)s) AS t (sender text, day date)
WHERE (s.sender, s.day) = (t.sender, t.day) AND s.told_at IS NULL

-- name: open_silences
-- The senders that are silent now, and since when.
SELECT sender, min(since) AS since FROM webhook_silence WHERE ended_at IS NULL GROUP BY sender ORDER BY sender

-- name: delete_silences
-- Delete the oldest silences that are over.
DELETE FROM webhook_silence AS s
USING (
    SELECT sender, day, why FROM webhook_silence WHERE ended_at < %(before)s ORDER BY ended_at LIMIT %(at_most)s
) AS old
WHERE (s.sender, s.day, s.why) = (old.sender, old.day, old.why)
RETURNING s.sender

-- part: was_heard
-- Whether a sender's webhook has spoken of a message.
coalesce(h.sent_at_meta, h.delivered_at_meta, h.read_at_meta, h.failed_at_meta) IS NOT NULL

-- part: last_heard
-- When a sender's webhook was last alive, by the messages of which it has spoken and by what it said of them.
max(greatest(h.sent_at, h.sent_at_meta, h.delivered_at_meta, h.read_at_meta, h.failed_at_meta))

-- part: was_silent
-- Whether a sender's webhook was silent while one of its messages could have been delivered: then nothing is known of it.
EXISTS (
    SELECT FROM webhook_silence AS silence
    WHERE silence.sender = m.sender
        AND silence.since < m.sent_at_meta + make_interval(secs => t.seconds)
        AND coalesce(silence.ended_at, 'infinity') > m.sent_at_meta
)
