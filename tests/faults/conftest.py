"""Real processes, killed at every step."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.children import Child, children
from support.deployment import Deployment


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Callable[..., Child]]:
    """Start a process that does a task's work (`support.task_work`)."""
    with children(deployment.now) as starting:
        yield starting


@pytest.fixture
def weather(start: Callable[..., Child], deployment: Deployment, log: Any, graph_api: Any) -> Callable[[int], Any]:
    """A round's weather, by the round's number."""
    # Not above: where pytest is given this folder, it reads this before there is a server for Airflow to connect to.
    from support.rough_weather import Weather

    return lambda number: Weather(log, graph_api, start, deployment, random.Random(number))


@pytest.fixture
def in_chunks(deployment: Deployment) -> None:
    """One batch a sender is enough."""
    deployment.set(task_each_up_to=0)
