"""Whole ticks without Airflow around their tasks."""

from __future__ import annotations

import functools
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import DictRow

from support.deployment import Deployment
from support.ticks import Tick, go_through


@pytest.fixture
def run_tick(deployment: Deployment, log: psycopg.Connection[DictRow]) -> Callable[..., Tick]:
    """Go through the tasks of `production_run_reminders` once."""
    return functools.partial(go_through, log)
