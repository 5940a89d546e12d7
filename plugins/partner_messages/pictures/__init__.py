"""Whether a picture can be used in a message, found out by downloading it."""
