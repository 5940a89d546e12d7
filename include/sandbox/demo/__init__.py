"""`make demo`: one tick of the real DAG from an empty machine to messages on the local Graph API, shown as a table."""
