"""The message log: its rows are queued, claimed, settled, kept and deleted here."""
