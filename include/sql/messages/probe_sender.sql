-- Become the one who probes a stopped sender with one message; whoever probed and vanished loses the right after the lease.
UPDATE sender_stop
SET probe_token = %(token)s, probed_at = clock_timestamp()
WHERE id = %(id)s
    AND lifted_at IS NULL
    AND (probe_token IS NULL OR probed_at < clock_timestamp() - %(lease)s)
RETURNING id
