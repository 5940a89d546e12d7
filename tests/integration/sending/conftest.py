"""Sending over a real message log to the local Graph API."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from partner_messages.sending import dispatch
from support.deployment import Deployment
from support.sending import SendTask
from whatsapp_provider.api.errors import Action, NextStep, next_step


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept: None) -> None:
    """A session is the subject of those files that say so."""


@pytest.fixture
def send(deployment: Deployment) -> SendTask:
    """Sends as a mapped task does."""
    return SendTask(deployment)


@pytest.fixture
def whole_rate(deployment: Deployment) -> None:
    """A task takes all of its number's rate, where that is not the subject."""
    deployment.leave_others_no_share()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[NextStep]:
    """What was decided after each refusal; repetitions in the task come almost at once."""
    decided: list[NextStep] = []

    def hurried(*refusal: Any) -> NextStep:
        decided.append(next_step(*refusal))
        step = decided[-1]
        return dataclasses.replace(step, seconds=0.001) if step.action is Action.RETRY_NOW else step

    monkeypatch.setattr(dispatch, "next_step", hurried)
    return decided
