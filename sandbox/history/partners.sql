-- Partners whom the sample shop has for the sake of its past alone; what is told of the others today stays as it is.
INSERT INTO partner (id, name, handle, status, whatsapp_number, whatsapp_verified, country_code, created_at)
SELECT '01J' || lpad(id, 23, '0'), name, lower(id), 'active', number, true, 'IN', %(now)s::timestamptz - interval '400 days'
FROM (VALUES
    ('KAVERY', 'Kaveri Looms', '+919829013001'),
    ('NARMADA', 'Narmada Prints', '+919829013002'),
    ('GANGA', 'Ganga Dyeing', '+919829013003'),
    ('TAPTEE', 'Tapti Handlooms', '+919829013004'),
    ('BETWA', 'Betwa Weaves', '+919829013005'),
    ('SABARMATEE', 'Sabarmati Silks', '+919829013006')
) AS row (id, name, number)
ON CONFLICT (id) DO NOTHING
