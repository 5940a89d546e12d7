"""One example for each part of the provider."""
