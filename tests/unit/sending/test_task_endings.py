"""How a `send_messages` task ends, by how its messages ended."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from partner_messages.sending.batch import Outcome
from partner_messages.sending.template_operator import raise_for

RETRIED, FAILED, SKIPPED = AirflowException, AirflowFailException, AirflowSkipException


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
        pytest.param({"skipped": 2}, 0, SKIPPED, id="everything moved on"),
        pytest.param({}, 0, SKIPPED, id="nothing there"),
        ({"failed": 1}, 1, FAILED),
        ({"sent": 9, "failed": 2}, 1, FAILED),
        ({"unknown": 1}, 0, FAILED),
        ({"sent": 9, "unknown": 1, "skipped": 3}, 0, FAILED),
        ({"queued": 1}, 0, RETRIED),
        pytest.param({"sending": 1}, 0, RETRIED, id="somebody else has it, or died with it"),
        pytest.param({"queued": 1, "unknown": 1, "failed": 1}, 1, RETRIED, id="what can be retried goes first"),
    ],
)
def test_a_task_that_did_not_send_everything_says_so(
    counts: dict[str, int], broken: int, ending: type[Exception]
) -> None:
    with pytest.raises(AirflowException) as error:
        raise_for(Outcome(counts, broken))

    assert type(error.value) is ending
    assert str(Outcome(counts, broken)) in str(error.value)


def test_an_outcome_is_said_in_a_fixed_order() -> None:
    assert str(Outcome({"sent": 2, "failed": 1}, 0)) == "1 failed, 2 sent"
    assert str(Outcome({}, 0)) == "no messages"
