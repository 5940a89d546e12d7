-- Indexes that PostgreSQL asks where it should, whatever its statistics say of the morning's queue.

-- The statistics are mostly of a time when nothing is queued. PostgreSQL takes this index for empty then, and goes through the whole of
-- it for each message that it looks up by its id or its context. So only a statement that says `attempts >= 0` (all are) is
-- answered by it: those that look for what is queued or being sent, whatever it is.
DROP INDEX message_log_queue;
CREATE INDEX message_log_queue ON message_log (day) WHERE status IN ('queued', 'sending') AND attempts >= 0;

-- A sender's latest answers in a tick: asked after each failure.
CREATE INDEX message_log_answers ON message_log (tick_id, sender, coalesce(failed_at, sent_at, updated_at), id)
    WHERE attempts > 0 AND status IN ('sent', 'delivered', 'read', 'failed', 'unknown');

-- Which duplicates name a message: asked before it is deleted.
CREATE INDEX message_log_duplicates ON message_log (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- What is not over, and what was not over at an earlier moment.
DROP INDEX escalation_not_over;
CREATE INDEX escalation_not_over ON escalation (delivery, over_at);

-- What was sent of late (left_behind.sql): asked every 15 minutes.
CREATE INDEX message_log_by_moment ON message_log (sent_at) WHERE delivery = 'live';
