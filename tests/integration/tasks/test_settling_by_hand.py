"""What operations say became of a message of which no answer tells."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from support.dag_tasks import UPKEEP
from support.deployment import Deployment
from support.event_examples import ASSIGNED, RUN, conf
from support.event_runs import plan_events, tell, weekday_tick
from support.log_rows import Log, everything, put, row
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
BY_HAND = {"settled_by": "ops", "settled_why": "The partner said so on the telephone."}


def settle(id_: uuid.UUID, said: str, **params: Any) -> str:
    return UPKEEP.settle_message({"params": {"message_id": str(id_), "outcome": said, **BY_HAND, **params}})


def unknown(log: Log, graph_api: Any) -> uuid.UUID:
    """The tick's one reminder, whose answer was lost though Meta never took it."""
    planned = weekday_tick(RUN)
    graph_api.drop_next()
    planned.send()
    (found,) = everything(log)
    assert found["status"] == "unknown"
    id_: uuid.UUID = found["id"]
    return id_


def test_what_did_not_arrive_is_sent_again_the_same_day(log: Log, graph_api: Any) -> None:
    id_ = unknown(log, graph_api)

    assert settle(id_, "did_not_arrive") == settle(id_, "did_not_arrive") == "did_not_arrive"  # a retry
    weekday_tick(RUN, run_id="tick 2").send()

    first, second = sorted(everything(log), key=lambda one: one["created_at"])
    assert (first["status"], first["settled_by"], second["status"]) == ("failed", "ops", "sent")
    assert taken(graph_api) == [str(second["id"])]
    (noted,) = log.execute("SELECT who, why, act, subject, detail FROM audit").fetchall()
    assert noted == {
        "who": "ops",
        "why": BY_HAND["settled_why"],
        "act": "settle_message",
        "subject": str(id_),
        "detail": {"outcome": "did_not_arrive"},
    }


def test_an_event_that_did_not_arrive_can_be_told_again(log: Log, graph_api: Any) -> None:
    planned = plan_events(conf(ASSIGNED, event_id="E1"))
    graph_api.babble_next()
    planned.send()
    (found,) = everything(log)

    settle(found["id"], "did_not_arrive")
    tell(conf(ASSIGNED, event_id="E1"), "run 2")

    assert [one["status"] for one in everything(log)] == ["failed", "sent"]


def test_what_arrived_counts_as_sent_and_nothing_is_sent_again(log: Log, graph_api: Any) -> None:
    id_ = unknown(log, graph_api)

    assert settle(id_, "arrived") == "arrived"
    weekday_tick(RUN, run_id="tick 2").send()

    found = row(log, id_)
    assert (found["status"], found["sent_at"]) == ("sent", found["claimed_at"])
    assert taken(graph_api) == []
    assert [one["skip_reason"] for one in everything(log)] == [None, "duplicate"]


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "delivered", "failed", "skipped"])
def test_only_what_is_unknown_is_settled_by_hand(log: Log, deployment: Deployment, status: str) -> None:
    id_ = put(log, status)
    before = row(log, id_)

    with pytest.raises(AirflowFailException, match=f"Message {id_} is {status}"):
        settle(id_, "did_not_arrive")

    assert row(log, id_) == before
    assert log.execute("SELECT FROM audit").rowcount == 0


def test_two_who_say_different_things_are_not_both_believed(log: Log, deployment: Deployment) -> None:
    id_ = put(log, "unknown")
    settle(id_, "arrived")

    with pytest.raises(AirflowFailException, match="has said that it arrived, and only one that is unknown"):
        settle(id_, "did_not_arrive", settled_by="somebody else")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"message_id": None}, "message_id is missing; to settle a message, say message_id, outcome, settled_by and"),
        ({"outcome": " "}, "outcome is missing"),
        ({"outcome": "leave"}, "outcome is missing"),
        ({"outcome": "perhaps"}, '"outcome"'),
        ({"settled_by": ""}, "settled_by is missing"),
        ({"settled_why": None}, "settled_why is missing"),
        ({"message_id": "R1"}, '"message_id"'),
        ({"message_id": str(uuid.UUID(int=7))}, "There is no message 00000000-0000-0000-0000-000000000007"),
    ],
)
def test_it_is_refused_in_one_sentence(deployment: Deployment, params: dict[str, Any], said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        settle(uuid.uuid4(), "arrived", **params)


@pytest.mark.parametrize("outcome", [None, "leave"])
def test_where_nothing_is_to_be_settled_the_task_is_skipped(deployment: Deployment, outcome: str | None) -> None:
    with pytest.raises(AirflowSkipException):
        UPKEEP.settle_message({"params": {"message_id": None, "outcome": outcome, "settled_by": ""}})
