-- What was said about being written to is forgotten where a later word has taken its place; the last word stays, with its phone.

COMMENT ON TABLE partner_preference IS
    'What was said about being written to, one row for each time; the latest counts, of equals "stop". What a later word has taken the place'
    ' of is deleted after blank_days; the last word of each phone and partner is kept for ever and never blanked: an opt-out must not be'
    ' forgotten, and it is known by its phone alone.';
CREATE INDEX partner_preference_by_age ON partner_preference (at);
