"""Real processes, killed at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.children import Child, children
from support.deployment import Deployment


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Callable[..., Child]]:
    """Start a process that does a task's work (`support.task_work`)."""
    with children(deployment.now) as starting:
        yield starting
