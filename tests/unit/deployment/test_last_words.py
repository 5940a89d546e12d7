"""What a task says of its end before Airflow does."""

from __future__ import annotations

import logging

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.deployment.last_words import saying_why
from support.examples import PHONE


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AirflowFailException("Set delivery.\nRepair it."), [("ERROR", "Set delivery."), ("ERROR", "Repair it.")]),
        (AirflowSkipException("Nothing was left."), [("INFO", "Nothing was left.")]),
        (KeyError("batch"), [("ERROR", "KeyError: 'batch'")]),
        (ValueError(f"to {PHONE}"), [("ERROR", f"ValueError: to +91•••••{PHONE[-4:]}")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_why_a_task_ends_is_said_in_lines_of_its_own_and_the_task_ends_as_before(
    error: Exception, said: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")

    with pytest.raises(type(error)) as raised, saying_why():
        raise error

    assert raised.value is error
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == said


@pytest.mark.parametrize("why", ["Set delivery", "Set delivery."])
def test_what_may_be_the_cause_is_said_beside_why(why: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AirflowFailException, match=f"^{why}$"), saying_why(lambda: ("It is there twice.",)):
        raise AirflowFailException(why)

    assert [record.getMessage() for record in caplog.records] == ["Set delivery.", "It is there twice."]
