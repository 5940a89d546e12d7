-- Put messages back into the queue whose claimer is gone before it let them go. Should it wake up again, it finds its token gone
-- (let_go.sql), so that nothing leaves under it any more.
UPDATE message_log
SET status = 'queued', claim_token = NULL, claimed_at = NULL, updated_at = now()
WHERE status = 'sending'
    AND still_here
    AND attempts >= 0
    AND claimed_at < clock_timestamp() - %(lease)s
    AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s))
RETURNING id
