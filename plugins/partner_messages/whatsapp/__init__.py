"""Meta's API: senders, requests, and what the answers mean. Nothing here knows of this package's messages."""
