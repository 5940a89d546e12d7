"""Read, check and fill in the templates of `include/templates/whatsapp`."""
