-- What was said to one partner, about whichever run: asked after every tick (not_on_whatsapp.sql), and by whoever looks one up.

CREATE INDEX message_log_by_partner ON message_log (partner_id, day);
