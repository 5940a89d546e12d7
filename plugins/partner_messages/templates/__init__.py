"""The WhatsApp templates: their texts, their approvals, their submission."""
