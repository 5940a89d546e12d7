"""The texts under `include/templates/whatsapp`: read, checked, filled in."""
