"""`make bench`: how fast a day is found, planned, sent and looked after, and what memory that takes, in one table.

Of its modules `steps.py` and `visiting.py` alone know the package: they run it in processes of their own.
"""

from pathlib import Path

HISTORY = Path(__file__).with_name("history.sql")
"""Writes a history into a message log."""
