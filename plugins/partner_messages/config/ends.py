"""The three ways in which work does not reach its end; every exception of the package is one of them.

How each ends a task of Airflow is decided in one place, `deployment/endings.py`.
"""

from __future__ import annotations


class RepairNeeded(Exception):
    """Somebody must change something first; the message is one sentence that says what. No further try helps."""


class TryLater(Exception):
    """What is in the way may pass: the same again, later, may reach its end."""


class NothingToDo(Exception):
    """There is nothing to be done, and nothing is wrong."""
