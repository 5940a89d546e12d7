"""The WhatsApp templates: texts, approvals, submission."""
