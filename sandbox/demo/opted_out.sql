-- The phones that have opted out, newest first.
SELECT phone FROM partner_messages.partner_preference WHERE kind = 'opted_out' AND value = 'stop' ORDER BY at DESC;
