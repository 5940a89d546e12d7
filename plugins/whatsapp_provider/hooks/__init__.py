"""The connection to Meta."""
