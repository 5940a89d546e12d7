"""Whole ticks without Airflow around their tasks, and the smallest deployment that can send."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from partner_messages.database.session import Session
from support.deployment import TICK, Deployment
from support.submitted import submit_templates
from support.ticks import Tick, go_through


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept: None) -> None:
    """A session is not the subject here."""


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """How messages travel is the subject of few tests here."""
    deployment.send_in_chunks()
    return deployment


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


@pytest.fixture
def someone(deployment: Deployment, log: Session) -> dict[str, Any]:
    """A reminder of today's tick; the wall clock moves on to tomorrow."""
    sent = go_through(log)
    # (One whose run stands in the sample shop as it is for as long as it likes.)
    sure = [one for one in sent.rows if one["reminder_kind"] == "idle" and one["sender"] == "in"]
    sure = [one for one in sure if "AFTER" not in one["production_run_id"] and one["status"] == "sent"]
    first = min(sure, key=lambda one: str(one["production_run_id"]))
    deployment.now = TICK + dt.timedelta(days=1, minutes=1)
    return dict(first)
