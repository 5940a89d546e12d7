-- Meta took a message of this sender again.
UPDATE sender_stop SET lifted_at = now(), probe_token = NULL WHERE id = %(id)s AND lifted_at IS NULL
