-- Which of Meta's message ids the inbox has already; what a person deleted there was there.
SELECT wa_message_id FROM {{ messaging_message }} WHERE wa_message_id = ANY (%(wamids)s)
