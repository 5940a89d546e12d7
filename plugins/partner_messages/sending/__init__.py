"""Sends a batch: checks its messages again, claims them, sends them within the rate, and settles them."""
