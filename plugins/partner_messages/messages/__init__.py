"""The message log: queue, claim, settle, history, escalations."""
