-- Who makes the runs: every kind of partner, phone and name that production has.

INSERT INTO partner (id, name, handle, status, whatsapp_number, whatsapp_verified, country_code, created_at, deleted_at)
SELECT pg_temp.ulid(id), name, handle, status, number, verified, country, tick - interval '400 days', tick - deleted::interval
FROM clock, (VALUES
--   id         name                                        handle      status      number               verified  country  deleted
    ('RAJESH',  'Rajesh Textiles',                          'rajesh',   'active',   '+919829012345',     true,     'IN',    NULL),    -- the plain case; has five runs to be reminded of
    ('MEERA',   'Meera Block Prints 🌸',                    'meera',    'active',   '098290 12346',      true,     'IN',    NULL),    -- national format; emoji; English saved
    ('ANAND',   'Anand Handlooms',                          'anand',    'active',   '+919829000002',     false,    'IN',    NULL),    -- not verified: his admin's phone counts
    ('KARAN',   'Karan & Sons',                             'karan',    'active',   NULL,                false,    'IN',    NULL),    -- third admin is the first active one with a phone
    ('GANESH',  'गणेश रंगाई',                                 'ganesh',   'active',   '919829012349',      true,     'IN',    NULL),    -- digits only; several conversations
    ('BHARAT',  E'Bharat\n\tPrints  "Jaipur"     O''Neill', 'bharat',   'active',   '+91 (9829) 012350', true,     'IN',    NULL),    -- newline, tab, quotes, runs of spaces
    ('HEMANT',  repeat('Hemant ', 714) || 'of',             'hemant',   'active',   '+919829012351',     true,     'IN',    NULL),    -- 5,000 characters
    ('NAMEGAP', ' ',                                        NULL,       'active',   '+919829012352',     true,     'IN',    NULL),    -- no name to speak of
    ('YASH',    'Yash Weaves',                              'yash',     'active',   '+919829012353',     true,     'IN',    NULL),    -- his conversation is with an old number
    ('PANKAJ',  'Pankaj Exports',                           'pankaj',   'active',   '+919829012354',     true,     'IN',    NULL),    -- pinned to the Europe sender
    ('SYDNEY',  'Bondi Linen Co.',                          'bondi',    'active',   '+61 412 345 678',   true,     'AU',    NULL),    -- Australian
    ('MARTA',   'Sartoria Bianchi',                         'bianchi',  'active',   '+39 312 345 6789',  true,     'IT',    NULL),    -- Italian; pinned to a sender that is no more
    ('ENEA',    'Tessuti Enèa',                             'enea',     'active',   '0039 3123456790',   true,     'IT',    NULL),    -- Italian; saved language nobody sends
    ('TEXAS',   'Lone Star Looms',                          'lonestar', 'active',   '+1 512 236 4500',   true,     'US',    NULL),    -- no sender for +1: the default one
    ('NEHA',    'Neha Crafts',                              'neha',     'active',   NULL,                false,    'IN',    NULL),    -- no phone, no admin
    ('ESHA',    'Esha Fabrics',                             'esha',     'active',   '',                  true,     'IN',    NULL),    -- empty phones everywhere
    ('VASANT',  'Vasant Mills',                             'vasant',   'active',   '+919829000003',     false,    'IN',    NULL),    -- not verified, and the only admin is inactive
    ('PRANAV',  'Pranav Silks',                             'pranav',   'active',   '12345',             true,     'IN',    NULL),    -- impossible phone
    ('HENG',    'Heng Hup Silks',                           'henghup',  'active',   '6581258574',        true,     NULL,    NULL),    -- digits only, no country: a mobile in Singapore, and one in India
    ('SAMEER',  'Sameer Studio',                            'sameer',   'inactive', '+919829012355',     true,     'IN',    NULL),    -- inactive
    ('JAYA',    'Jaya Ateliers',                            'jaya',     'pending',  '+919829012356',     true,     'IN',    NULL),    -- not yet approved by the shop: reminded all the same
    ('TARA',    'Tara Traders',                             'tara',     'active',   '+919829012357',     true,     'IN',    '1d'),    -- soft-deleted
    ('REKHA',   'Rekha Prints',                             'rekha',    'active',   '+919829012358',     true,     'IN',    NULL)     -- withdrew consent
) AS row (id, name, handle, status, number, verified, country, deleted);

INSERT INTO partner_admin (id, partner_id, first_name, last_name, phone, preferred_language, is_active, created_at)
SELECT pg_temp.ulid(id), pg_temp.ulid(partner), first_name, last_name, phone, locale, active, tick - created::interval
FROM clock, (VALUES
--   id         partner   first_name  last_name  phone               locale  active  created
    ('RAJESHA', 'RAJESH', 'Rajesh',   'Sharma',  '+919829000001',    'hi',   true,   '400d'),  -- not asked: the partner's own number is verified
    ('ANANDA',  'ANAND',  'Anand',    'Kumar',   '0091 98290 12347', 'en',   true,   '400d'),  -- 00 for +
    ('KARANA',  'KARAN',  'Karan',    'Singh',   '+919829000004',    'en',   false,  '400d'),  -- inactive
    ('KARANB',  'KARAN',  'Asha',     NULL,      NULL,               NULL,   true,   '300d'),  -- active, no phone
    ('KARANC',  'KARAN',  'Vikram',   'Singh',   '+91-98290-12348',  'ptBR', true,   '200d'),  -- this one
    ('KARAND',  'KARAN',  'Dev',      'Singh',   '+919829000005',    'hi',   true,   '100d'),  -- also fits, but came later
    ('ESHAA',   'ESHA',   'Esha',     '',        '',                 'hi',   true,   '400d'),  -- an empty phone is none
    ('VASANTA', 'VASANT', 'Vasant',   'Rao',     '+919829000006',    'hi',   false,  '400d')   -- inactive
) AS row (id, partner, first_name, last_name, phone, locale, active, created);
