"""How a `send_messages` task ends, by how its messages ended."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

import partner_messages
import whatsapp_provider
from partner_messages.config.ends import NothingToDo, RepairNeeded, TryLater
from partner_messages.deployment.endings import airflow_endings
from partner_messages.sending.batch import Outcome
from partner_messages.sending.template_operator import raise_for

CAUGHT_INSIDE = {
    *(
        "AnswerTooLong",
        "NotANotifier",
        "PhraseError",
        "TemplateProblem",
        "TextError",
        "UnreadableError",
        "InvalidItemError",
    ),
    *("_PictureRefused",),
    *("ManagementError", "SenderStopped"),
}
"""Exceptions that no task ends with: whoever calls what raises them makes something else of them.

The last two are raised as one of their own kinds, which are of the three ways.
"""


@pytest.mark.parametrize(
    ("counts", "broken"),
    [
        ({"sent": 1}, 0),
        ({"rehearsed": 3}, 0),
        ({"sent": 2, "skipped": 1}, 0),
        pytest.param({"failed": 1}, 0, id="refused for the recipient's own sake"),
        ({"sent": 1, "failed": 2, "skipped": 1}, 0),
        pytest.param({"delivered": 1, "read": 1}, 0, id="a webhook was faster"),
    ],
)
def test_a_task_is_green_where_all_is_well_or_concerns_recipients_alone(counts: dict[str, int], broken: int) -> None:
    raise_for(Outcome(counts, broken))


@pytest.mark.parametrize(
    ("counts", "broken", "ending"),
    [
        pytest.param({"skipped": 2}, 0, NothingToDo, id="everything moved on"),
        pytest.param({}, 0, NothingToDo, id="nothing there"),
        ({"failed": 1}, 1, RepairNeeded),
        ({"sent": 9, "failed": 2}, 1, RepairNeeded),
        ({"unknown": 1}, 0, RepairNeeded),
        ({"sent": 9, "unknown": 1, "skipped": 3}, 0, RepairNeeded),
        ({"queued": 1}, 0, TryLater),
        pytest.param({"sending": 1}, 0, TryLater, id="somebody else has it, or died with it"),
        pytest.param({"queued": 1, "unknown": 1, "failed": 1}, 1, TryLater, id="what can be retried goes first"),
    ],
)
def test_a_task_that_did_not_send_everything_says_so(
    counts: dict[str, int], broken: int, ending: type[Exception]
) -> None:
    with pytest.raises(ending, match=str(Outcome(counts, broken))):
        raise_for(Outcome(counts, broken))


@pytest.mark.parametrize(
    ("end", "airflow_s"),
    [
        (RepairNeeded("why"), AirflowFailException),
        (TryLater("why"), AirflowException),
        (NothingToDo("why"), AirflowSkipException),
        (AirflowNotFoundException("why"), AirflowFailException),
        (ZeroDivisionError("why"), ZeroDivisionError),
    ],
)
def test_each_way_of_not_reaching_the_end_is_one_of_airflow_s(end: Exception, airflow_s: type[Exception]) -> None:
    with pytest.raises(airflow_s, match=r"^why") as error, airflow_endings():
        raise end

    assert type(error.value) is airflow_s


def _own_exceptions() -> list[type[Exception]]:
    packages = [Path(package.__file__ or "").parent for package in (partner_messages, whatsapp_provider)]
    files = ((path, package) for package in packages for path in sorted(package.rglob("*.py")))
    names = (path.relative_to(package.parent).with_suffix("") for path, package in files)
    modules = [
        importlib.import_module(".".join(name.parts)) for name in names if name.name not in ("__main__", "__init__")
    ]
    found = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, Exception)
        and one.__module__.startswith(("partner_messages", "whatsapp_provider"))
    }
    return sorted(found, key=str)


def test_what_leaves_a_task_is_one_of_the_three_ways() -> None:
    bases = (RepairNeeded, TryLater, NothingToDo)
    others = [one.__name__ for one in _own_exceptions() if not issubclass(one, bases)]

    assert {*others} == CAUGHT_INSIDE


def test_an_outcome_is_said_in_a_fixed_order() -> None:
    assert str(Outcome({"sent": 2, "failed": 1}, 0)) == "1 failed, 2 sent"
    assert str(Outcome({}, 0)) == "no messages"
