-- Whether a message was sent within the last day and long enough ago that its own run has ended, or has broken off. (An
-- index can answer this: the moment is the same for the whole statement.)
(m.sent_at BETWEEN statement_timestamp() - interval '1 day' AND statement_timestamp() - interval '30 minutes')
