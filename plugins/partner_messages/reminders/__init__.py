"""The policy: which day a run speaks for, who is due, worded how, dealt into which batches (pure)."""
