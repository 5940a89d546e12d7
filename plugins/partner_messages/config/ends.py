"""The three kinds of exceptions of this package, by what follows: repair, try again, nothing to do.

How each ends a task of Airflow is decided in one place, `deployment/endings.py`.
"""

from __future__ import annotations


class RepairNeeded(Exception):
    """Somebody must change something first; the message is one sentence that says what. No further try helps."""


class TryLater(Exception):
    """The cause may pass: the same work may succeed later."""


class NothingToDo(Exception):
    """There is nothing to be done, and nothing is wrong."""
