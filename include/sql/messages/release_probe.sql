-- The probe told nothing about the sender (no answer came): the next task may try.
UPDATE sender_stop SET probe_token = NULL WHERE id = %(id)s AND probe_token = %(token)s AND lifted_at IS NULL
