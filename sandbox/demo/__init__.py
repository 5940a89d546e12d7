"""`make demo`: a tick and three events through the real DAGs, from an empty machine to messages shown as a table."""
