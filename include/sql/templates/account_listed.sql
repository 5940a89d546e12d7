-- Note that an account was read as a whole.
INSERT INTO template_account AS a (waba_id, tried_at, listed_at)
VALUES (%(waba_id)s, %(seen_at)s, %(seen_at)s)
ON CONFLICT (waba_id) DO UPDATE
SET tried_at = excluded.tried_at, listed_at = excluded.listed_at, problem = NULL
WHERE a.tried_at <= excluded.tried_at
