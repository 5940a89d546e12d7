"""The template catalog: the texts under `include/templates/whatsapp`, checked, filled in and put into Meta's form."""
