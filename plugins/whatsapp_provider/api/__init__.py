"""The requests to Meta's API, and what its answers mean."""
