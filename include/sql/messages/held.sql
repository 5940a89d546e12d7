-- Whether a queued message comes due only after its task's last try (the DAGs' max_retry_delay): message_log_upkeep sends it.
(m.status = 'queued' AND m.delivery = 'live' AND coalesce(m.not_before > coalesce(%(now)s, clock_timestamp()) + interval '10 minutes', false))
