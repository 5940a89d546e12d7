-- A message was refused because of its template: it cannot be sent until a listing says otherwise.
INSERT INTO template_approval (waba_id, name, language, status, reason, seen_at)
VALUES (%(waba_id)s, %(name)s, %(language)s, %(status)s, %(reason)s, %(seen_at)s)
ON CONFLICT (waba_id, name, language) DO UPDATE
SET status = excluded.status, reason = excluded.reason, seen_at = excluded.seen_at
