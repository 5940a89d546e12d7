-- Whether a message was sent within the last day and long enough ago that its own run has ended, or has broken off.
(m.sent_at BETWEEN clock_timestamp() - interval '1 day' AND clock_timestamp() - interval '30 minutes')
