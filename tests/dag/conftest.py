"""DAG runs in this process: each of their tasks opens sessions as if it had a process of its own."""

import pytest


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept: None) -> None:
    """A session is not the subject here."""
