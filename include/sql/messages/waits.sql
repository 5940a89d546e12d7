-- Whether a queued message is not due yet: once its run's tasks are over, message_log_upkeep sends it.
(m.status = 'queued' AND m.delivery = 'live' AND coalesce(m.not_before > %(now)s, false))
