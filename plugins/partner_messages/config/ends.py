"""The kinds of exceptions of this package, by what follows: repair, try again, nothing to do.

How each ends a task of Airflow is decided in one place, `deployment/endings.py`.
"""

from __future__ import annotations

from whatsapp_provider.ends import RepairNeeded, TryLater

__all__ = ["NothingToDo", "RepairNeeded", "TryLater"]


class NothingToDo(Exception):
    """There is nothing to be done, and nothing is wrong."""
