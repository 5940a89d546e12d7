"""The policy: who is due on which day, worded how, gathered and dealt into what, and who needs a person (pure)."""
