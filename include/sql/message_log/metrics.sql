-- name: messages_by_kind
-- A day's live messages, by kind and status.
SELECT message_kind AS kind, status, count(*) AS value
FROM message_log
WHERE delivery = 'live' AND day = %(day)s
GROUP BY 1, 2

-- name: messages_by_sender
-- A day's live messages, by business number and status.
SELECT sender, status, count(*) AS value
FROM message_log
WHERE delivery = 'live' AND day = %(day)s AND sender IS NOT NULL AND status <> 'skipped'
GROUP BY 1, 2

-- name: messages_not_sent
-- A day's live messages that were not sent, by reason.
SELECT skip_reason AS reason, count(*) AS value
FROM message_log
WHERE delivery = 'live' AND day = %(day)s AND status = 'skipped'
GROUP BY 1

-- name: oldest_queued
-- For how many seconds the oldest live message has been waiting that nothing keeps waiting: neither its hour, nor Meta.
SELECT extract(epoch FROM max(%(now)s::timestamptz - greatest(created_at, not_before)))::float AS value
FROM message_log
WHERE status IN ('queued', 'sending') AND attempts >= 0 AND delivery = 'live' AND (not_before IS NULL OR not_before <= %(now)s)

-- name: escalations_by_age
-- What needs a person and is open, by reason and for how long.
SELECT reason AS trouble,
    CASE
        WHEN %(now)s::timestamptz - opened_at < interval '1 day' THEN 'under_1_day'
        WHEN %(now)s::timestamptz - opened_at < interval '3 days' THEN '1_to_3_days'
        WHEN %(now)s::timestamptz - opened_at < interval '7 days' THEN '3_to_7_days'
        ELSE 'over_7_days'
    END AS age,
    count(*) AS value
FROM escalation
WHERE delivery = 'live' AND closed_at IS NULL AND (over_at IS NULL OR over_at > %(now)s)
GROUP BY 1, 2

-- name: webhook_lag
-- For how many seconds the oldest webhook has been waiting to be applied.
SELECT extract(epoch FROM %(now)s::timestamptz - min(received_at))::float AS value FROM webhook_event WHERE applied_at IS NULL

-- name: webhook_silences
-- For how many seconds the webhook of a sender has been silent.
SELECT sender, extract(epoch FROM %(now)s::timestamptz - max(since))::float AS value
FROM webhook_silence
WHERE ended_at IS NULL
GROUP BY 1
