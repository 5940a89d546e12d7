"""The policy: who is due on which day, worded how, gathered and dealt into what (pure)."""
