"""What Meta says happened: a webhook is checked, stored as it came, answered, and applied to the message log."""
