-- Call messages unknown whose claimer is gone: the lease ran out, and whether the request left nobody knows. Never sent again.
-- (A lease is counted by the database's clock alone, whatever the workers' say.)
UPDATE message_log
SET status = 'unknown', error_detail = 'The process that was sending it ended before it wrote down an answer.', updated_at = now()
WHERE status = 'sending'
    AND NOT still_here
    AND attempts >= 0
    AND claimed_at < clock_timestamp() - %(lease)s
    AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s))
RETURNING id
