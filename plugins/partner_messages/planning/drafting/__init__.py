"""What every message is drafted from, whatever it is about: what is known, the setup, recipient, template (pure)."""
