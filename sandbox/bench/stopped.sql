-- Whether a phone has opted out.
SELECT FROM partner_messages.partner_preference WHERE phone = %s AND kind = 'opted_out' AND value = 'stop'
