"""The transport: senders, the requests to Meta, and what its answers mean."""
