"""One example for each part of the provider; what they send stands in `templates/` and is submitted first."""

from pathlib import Path

TEMPLATES = str(Path(__file__).with_name("templates"))
"""The folder with the examples' templates."""
