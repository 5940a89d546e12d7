"""The ids of the DAGs, which others rely on (docs/design.md, "Names others rely on")."""

REMINDERS = "production_run_reminders"
EVENTS = "production_run_events"
UPKEEP = "message_log_upkeep"
TEMPLATES = "whatsapp_templates"
SENDING = (REMINDERS, EVENTS, UPKEEP)
"""Those that send."""
