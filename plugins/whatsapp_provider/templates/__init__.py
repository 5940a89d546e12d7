"""WhatsApp templates as files: read, checked, compared with what an account has, and filled in."""
