-- Whether a queued message comes due only after its task's last sure try (1 + 2 + 4 minutes, the DAGs' retries): message_log_upkeep sends it.
(m.status = 'queued' AND m.delivery = 'live' AND coalesce(m.not_before > %(now)s + interval '7 minutes', false))
