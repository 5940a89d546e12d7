"""Lifecycle events: what each asks for, and whether it still may be said (pure)."""
