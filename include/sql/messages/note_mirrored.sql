-- These messages are in the shop's inbox.
UPDATE message_log SET mirrored_at = now() WHERE id = ANY (%(ids)s) AND mirrored_at IS NULL
