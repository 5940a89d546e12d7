-- Write down who says that sending may go on from the log as it is, and why.
INSERT INTO log_trusted (id, system_identifier, database_id, timeline, written, trusted_at, trusted_by, trusted_why)
VALUES (%(id)s, %(system_identifier)s, %(database_id)s, %(timeline)s, %(written)s, clock_timestamp(), %(by)s, %(why)s)
