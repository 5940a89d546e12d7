-- What the runs make: with and without a name, and every shape in which a picture is kept.

INSERT INTO design (id, name, thumbnail_url, media_files, moodboard, design_files, created_at, deleted_at)
SELECT pg_temp.ulid(id), name, thumbnail, media::jsonb, moodboard::jsonb, files::jsonb, tick - interval '200 days', tick - deleted::interval
FROM clock, (VALUES
--   id        name                    thumbnail                                  media                                                  moodboard                                                files                                                  deleted
    ('KAMEEZ', 'Block Print Kameez',   'https://cdn.partners.example/kameez.jpg', NULL,                                                  NULL,                                                    NULL,                                                  NULL),
    ('SAREE',  'बंधेज साड़ी 🧵',          NULL,                                      '["https://cdn.partners.example/saree.png"]',          NULL,                                                    NULL,                                                  NULL),
    ('SHAW',   'Linen Shawl "Bondi"',  '',                                        '[{"url": "https://cdn.partners.example/shawl.jpg"}]', NULL,                                                    NULL,                                                  NULL),
    ('DRAPE',  E'Drape\nof two lines', NULL,                                      '[]',                                                  '[{"image": "https://cdn.partners.example/drape.jpg"}]', NULL,                                                  NULL),
    ('SCARF',  'Sciarpa di seta',      NULL,                                      NULL,                                                  '{"notes": "an object holds no picture"}',               '[{"src": "https://cdn.partners.example/scarf.png"}]', NULL),
    ('TENT',   'Tent Canvas',          NULL,                                      NULL,                                                  NULL,                                                    NULL,                                                  NULL),    -- no picture at all
    ('BARE',   '',                     'https://cdn.partners.example/bare.jpg',   NULL,                                                  NULL,                                                    NULL,                                                  NULL),    -- no name: its id stands for it
    ('ERASED', 'Erased Design',        'https://cdn.partners.example/erased.jpg', NULL,                                                  NULL,                                                    NULL,                                                  '3d')     -- soft-deleted: its id stands for it
) AS row (id, name, thumbnail, media, moodboard, files, deleted);
-- 'ABSENT' is the design of one run and of no row.
