-- Give back the slots of drafts that did not become messages after all.
DELETE FROM message_run WHERE message_id = ANY (%(ids)s)
