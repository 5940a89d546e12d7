-- Whether somebody has said, since a moment, that sending may go on from the log as it is.
SELECT EXISTS (
    SELECT FROM log_trusted
    WHERE system_identifier = %(system_identifier)s
        AND database_id = %(database_id)s
        AND timeline = %(timeline)s
        AND written <= %(written)s
        AND trusted_at > %(since)s
) AS is_trusted
