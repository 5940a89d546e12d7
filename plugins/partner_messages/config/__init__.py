"""What operations have set, and what stays the same for everybody: settings, languages, the calendar (pure)."""
