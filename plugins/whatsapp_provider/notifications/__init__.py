"""What tells people of a DAG run over WhatsApp."""
