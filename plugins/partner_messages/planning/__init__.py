"""Who is written to, of what, and when: what is gathered, decided and queued."""
