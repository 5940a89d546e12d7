-- Write down, before the requests of claimed messages leave, that they may have left. Only what comes back may leave: the rest is
-- its claimer's no more.
UPDATE message_log
SET still_here = false, updated_at = now()
WHERE id = ANY (%(ids)s) AND claim_token = %(token)s AND status = 'sending' AND still_here
RETURNING id
