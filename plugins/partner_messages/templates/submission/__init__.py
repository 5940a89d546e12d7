"""What is to be created or edited at Meta, and what was."""
