-- Give a share of a number's rate back, from the moment on at which its next message might have left.
UPDATE sender_share
SET wanted = 0, expires_at = clock_timestamp() + %(after)s
WHERE phone_number_id = %(phone_number_id)s AND token = %(token)s
