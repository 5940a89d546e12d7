"""The vocabulary: a message, its statuses, a stuck run, a tick (values only)."""
