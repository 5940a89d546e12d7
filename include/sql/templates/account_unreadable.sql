-- Note that an account could not be read, and why; what was known of it stays.
INSERT INTO template_account AS a (waba_id, tried_at, problem)
VALUES (%(waba_id)s, %(tried_at)s, %(problem)s)
ON CONFLICT (waba_id) DO UPDATE
SET tried_at = excluded.tried_at, problem = excluded.problem
WHERE a.tried_at <= excluded.tried_at
