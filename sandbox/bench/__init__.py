"""`make bench`: how fast a day is found, planned, sent and looked after, and what memory that takes, in one table.

The only part of the sandbox that knows the package: `steps.py` calls it, in processes of their own.
"""

from pathlib import Path

HISTORY = Path(__file__).with_name("history.sql")
"""Writes a history into a message log."""
