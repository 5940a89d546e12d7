"""Real processes, killed at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.children import Child, children
from support.deployment import Deployment
from support.emptying import emptied


@pytest.fixture(scope="session")
def _databases(_templates: Any) -> tuple[str, str]:
    return (
        _templates.create_database("shop_of_faults", template="shop_template"),
        _templates.create_database("log_of_faults", template="log_template"),
    )


@pytest.fixture
def shop_url(_databases: tuple[str, str]) -> str:
    """The sample shop, which nobody changes here."""
    return _databases[0]


@pytest.fixture
def log_url(_databases: tuple[str, str]) -> str:
    """An empty message log; always the same one, because copying one takes longer than emptying it."""
    return emptied(_databases[1])


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Callable[..., Child]]:
    """Start a process that does a task's work (`support.task_work`)."""
    with children(deployment.now) as starting:
        yield starting
