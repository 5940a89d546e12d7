-- name: keep_account_event
-- Keep what Meta said of an account.
INSERT INTO account_event (event_id, waba_id, field, event, phone_number, detail, at)
SELECT event_id, waba_id, field, event, phone_number, detail, at
FROM json_to_recordset(%(kept)s) AS k (
    event_id bigint, waba_id text, field text, event text, phone_number text, detail jsonb, at timestamptz
)

-- name: lifted_since
-- Whether a sender was stopped and has worked again since a moment: an older word of Meta's is over.
SELECT id FROM sender_stop WHERE sender = %(sender)s AND lifted_at > %(at)s LIMIT 1

-- name: events_since
-- What Meta has said of an account under one name since a moment.
SELECT detail FROM account_event WHERE waba_id = %(waba_id)s AND event = %(event)s AND at > %(at)s

-- name: untold_account_events
-- What Meta has said of accounts and operations were not told of yet.
SELECT id, waba_id, field, event, phone_number, detail FROM account_event WHERE told_at IS NULL ORDER BY id

-- name: health_of_accounts
-- What Meta has said of some accounts since a moment, the latest first.
SELECT waba_id, field, event, phone_number, detail
FROM account_event
WHERE waba_id = ANY (%(waba_ids)s) AND at > %(since)s
ORDER BY at DESC, id DESC
LIMIT %(at_most)s

-- name: histories_refused
-- The senders for whose history Meta has refused to be asked since a moment.
SELECT DISTINCT detail ->> 'sender' AS sender FROM account_event WHERE field = %(field)s AND at > %(since)s

-- name: note_account_events_told
-- Operations were told of these.
UPDATE account_event SET told_at = %(now)s WHERE id = ANY (%(ids)s) AND told_at IS NULL

-- name: delete_account_events
-- Delete what Meta said of accounts longest ago.
DELETE FROM account_event
WHERE id = ANY (ARRAY (SELECT id FROM account_event WHERE at < %(before)s ORDER BY at LIMIT %(at_most)s))
RETURNING id
