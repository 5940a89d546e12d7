"""DAG runs in this process: each of their tasks opens sessions as if it had a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kept_sessions import kept_sessions


@pytest.fixture(scope="session", autouse=True)
def _kept_sessions() -> Iterator[None]:
    with kept_sessions():
        yield
