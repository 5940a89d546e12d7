"""What every message is drafted from, whatever it is about: facts, means, recipient, template (pure)."""
