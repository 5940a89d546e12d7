"""The templates of each account, and which of them may be sent."""
