"""Plan which templates to create or edit at Meta, and record the changes."""
