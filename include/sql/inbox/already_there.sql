-- Which of Meta's message ids the inbox has already{{ ", in any conversation with this partner" if of_partner }}; what a person
-- deleted there was there.
SELECT m.wa_message_id
FROM {{ messaging_message }} AS m
{%- if of_partner %}
    JOIN {{ messaging_conversation }} AS c ON c.id = m.conversation_id AND c.partner_id = %(partner_id)s
{%- endif %}
WHERE m.wa_message_id = ANY (%(wamids)s)
