-- What the shop's inbox knows: senders, conversations with language, consent and pinned sender, and messages.

INSERT INTO social_platform (id, name, category, status, api_config)
SELECT pg_temp.ulid(id), name, category, status, config::jsonb
FROM (VALUES
--   id          name                category         status      config
    ('SENDER91', 'WhatsApp India',   'communication', 'active',   '{"provider": "whatsapp", "label": "IN",     "phone_number_id": "111000000000001", "waba_id": "211000000000001", "country_codes": ["+91"]}'),
    ('SENDER61', 'WhatsApp Pacific', 'communication', 'active',   '{"provider": "whatsapp", "label": "AU",     "phone_number_id": "111000000000002", "waba_id": "211000000000002", "country_codes": ["+61", "64"]}'),                             -- one entry lacks its +
    ('SENDER39', 'WhatsApp Europe',  'communication', 'active',   '{"provider": "whatsapp", "label": "Europe", "phone_number_id": "111000000000003", "waba_id": "211000000000003", "country_codes": ["+39", "+44", "+49"], "is_default": true}'),
    ('SENDER00', 'WhatsApp old',     'communication', 'inactive', '{"provider": "whatsapp", "label": "IN",     "phone_number_id": "111000000000000", "waba_id": "211000000000000", "country_codes": ["+91"]}'),                                   -- switched off
    ('PH0T0S',   'Photo channel',    'social',        'active',   '{"provider": "photos"}')                                                                                                                                                       -- no WhatsApp sender
) AS row (id, name, category, status, config);

INSERT INTO messaging_conversation
    (id, partner_id, phone_number, last_message_at, status, default_sender_platform_id, metadata, created_at, updated_at)
SELECT pg_temp.ulid(id), pg_temp.ulid(partner), phone, tick - last_message::interval, status, pg_temp.ulid(pinned), metadata::jsonb,
       tick - last_message::interval, tick - last_message::interval
FROM clock, (VALUES
--   id          partner   phone            last_message  status      pinned      metadata
    ('MEERATAK', 'MEERA',  '+919829012346', '2h',         'active',   NULL,       '{"language": "en", "consent_given": true}'),  -- English, against her prefix
    ('ANANDTAK', 'ANAND',  '',              '1h',         'active',   NULL,       '{"language": "en"}'),                         -- an empty number is nobody's
    ('KARANNEW', 'KARAN',  '919829012348',  '30h',        'active',   NULL,       '{}'),                                         -- the newest decides, though it saved nothing
    ('KARANEST', 'KARAN',  '+919829012348', '900h',       'active',   NULL,       '{"language": "en"}'),                         -- the same number with a +: older
    ('GANESH1',  'GANESH', '+919829012349', '1h',         'archived', NULL,       '{"language": "hi"}'),                         -- newest, but archived
    ('GANESH2',  'GANESH', '919829012349',  '48h',        'active',   NULL,       '{"language": "en"}'),                         -- newest active one: English
    ('GANESH3',  'GANESH', '+919829012349', '400h',       'active',   NULL,       '{"language": "hi"}'),                         -- older
    ('YASHTAK',  'YASH',   '+919829000007', '1h',         'active',   'SENDER61', '{"language": "en"}'),                         -- a number he no longer has
    ('PANKAJTK', 'PANKAJ', '+919829012354', '60h',        'active',   'SENDER39', '{"language": "hi"}'),                         -- pinned to Europe, which has no Hindi
    ('SYDNEYTK', 'SYDNEY', '61412345678',   '30h',        'active',   NULL,       '{"language": "en", "consent_given": true}'),
    ('MARTATAK', 'MARTA',  '+393123456789', '70h',        'active',   'SENDER00', NULL),                                         -- pinned to a sender that is switched off
    ('ENEATAK',  'ENEA',   '+393123456790', '80h',        'active',   NULL,       '{"language": "it"}'),                         -- Italian, which no sender has
    ('REKHATAK', 'REKHA',  '919829012358',  '500h',       'archived', NULL,       '{"language": "hi", "consent_given": false}')  -- said no; that it was archived since takes nothing back
) AS row (id, partner, phone, last_message, status, pinned, metadata);

INSERT INTO messaging_message
    (id, conversation_id, direction, content, message_type, wa_message_id, status, context_type, context_id, created_at)
SELECT pg_temp.ulid(id), pg_temp.ulid(conversation), direction, content, message_type, 'wamid.sample-' || id, status,
       CASE WHEN run IS NOT NULL THEN 'production_run' END, pg_temp.run_id(run) || about, sent
FROM clock, LATERAL (VALUES
--   id         conversation  direction   content                          message_type  status       run             about                          sent
    ('M1SAYS',  'MEERATAK',   'inbound',  'Working on it, photo tomorrow', 'text',       'read',      NULL,           NULL,                          tick - interval '2 hours'),
    ('M2SAYS',  'SYDNEYTK',   'inbound',  'G''day, parcel is on its way',  'text',       'read',      NULL,           NULL,                          tick - interval '30 hours'),
    ('M3TDAY',  'MEERATAK',   'outbound', 'Hi Meera, a quick reminder …',  'template',   'delivered', 'MSGT0DAY',     ':reminder:' || today_is,      earlier_today),              -- the shop reminded today
    ('M4YDAY',  'YASHTAK',    'outbound', 'नमस्ते Yash, याद दिला रहे हैं …',    'template',   'delivered', 'MSGYESTERDAY', ':reminder:' || yesterday_was, yesterday),                  -- the shop reminded yesterday
    ('M7DR0P',  'PANKAJTK',   'outbound', 'Hi Pankaj, checking in …',      'template',   'failed',    'MARKDR0P',     ':reminder:' || today_is,      earlier_today),              -- the shop's reminder failed
    ('M5EVENT', 'MEERATAK',   'outbound', 'A new run for you',             'template',   'sent',      'SENT24H1S',    '',                            earlier_today),              -- an assignment, not a reminder
    ('M6SAYS',  'MEERATAK',   'inbound',  'ok',                            'text',       'read',      'SENT24H1S',    ':reminder:' || today_is,      earlier_today)               -- came in, was not sent
) AS row (id, conversation, direction, content, message_type, status, run, about, sent);
