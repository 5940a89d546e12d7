"""The source: the shop's stuck runs and the people who make them (read only)."""
