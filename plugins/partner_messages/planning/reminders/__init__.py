"""The policy of reminders: who is due, in which words, in which digest, in which batch (pure)."""
