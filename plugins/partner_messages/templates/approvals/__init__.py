"""Which templates each account has, and which of them may be sent."""
