"""Whole ticks without Airflow around their tasks, and the smallest deployment that can send."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from partner_messages.database.session import Session
from support.deployment import Deployment
from support.submitted import submit_templates
from support.ticks import Tick, go_through


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept: None) -> None:
    """A session is not the subject here."""


@pytest.fixture
def run_tick(deployment: Deployment, log: Session) -> Callable[..., Tick]:
    """Go through the tasks of `production_run_reminders` once."""
    return functools.partial(go_through, log)


@pytest.fixture
def one_sender(deployment: Deployment) -> None:
    """India's sender alone, with its templates approved."""
    deployment.set(senders=["in"])
    submit_templates()


@pytest.fixture
def told(deployment: Deployment, tmp_path: Path) -> Path:
    """The file into which the notifier of the setting writes its list; `fails` beside it makes it fail."""
    path = tmp_path / "told"
    args = {"path": str(path), "fails_while": str(tmp_path / "fails"), "text": "{{ escalations_text }}"}
    deployment.set(on_escalation={"class": "support.notifier.WritesTheList", "args": args})
    return path
