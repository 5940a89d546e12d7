-- That nothing follows a message is said by its own row, and not by a skipped one for each.

ALTER TABLE message_log ADD COLUMN not_followed text CHECK (not_followed <> '');
COMMENT ON COLUMN message_log.not_followed IS 'Why neither a picture nor a link followed it, where one would have (a skip reason).';
