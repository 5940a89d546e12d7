"""What operations read and do: the summary, escalations, notices, halting, settling, the upkeep."""
