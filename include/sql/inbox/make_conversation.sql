-- Begin a conversation with a partner.
INSERT INTO {{ messaging_conversation }} (id, partner_id, phone_number, status)
VALUES (%(id)s, %(partner_id)s, %(phone_number)s, 'active')
