"""Meta's webhooks: verify the signature, store the body, answer, and apply the items to the message log."""
