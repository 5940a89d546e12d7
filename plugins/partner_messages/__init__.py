"""Finds stalled production runs and reminds each partner once over WhatsApp."""
