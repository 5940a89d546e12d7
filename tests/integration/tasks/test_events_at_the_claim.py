"""Events that are looked at again before they leave."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.messages.tick import NotNow
from partner_messages.sending.template_operator import raise_for
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.event_examples import ASSIGNED, CANCELLED, COMPLETED, REMINDER, RUN, at, conf, only_row, set_run, told
from support.event_runs import plan_events, tell
from support.log_rows import Log
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
RAJESH = partner_id("RAJESH")
MEERA = partner_id("MEERA")


@pytest.mark.parametrize(
    ("event", "before", "since", "reason"),
    [
        pytest.param(ASSIGNED, {}, {"accepted_at": TICK}, "state_mismatch", id="accepted meanwhile"),
        pytest.param(ASSIGNED, {}, {"status": "cancelled"}, "state_mismatch", id="cancelled meanwhile"),
        pytest.param(ASSIGNED, {}, {"partner_id": MEERA}, "state_mismatch", id="somebody else's meanwhile"),
        pytest.param(ASSIGNED, {}, {"deleted_at": TICK}, "moved_on", id="deleted meanwhile"),
        pytest.param(
            CANCELLED,
            {"status": "cancelled"},
            {"partner_id": MEERA, "previous_partner_id": None},
            "state_mismatch",
            id="never his",
        ),
        pytest.param(COMPLETED, {"status": "completed"}, {"partner_id": None}, "state_mismatch", id="nobody's"),
        pytest.param(
            REMINDER,
            {},
            {"status": "in_progress", "accepted_at": TICK},
            "moved_on",
            id="a reminder that is not due any more",
        ),
    ],
)
def test_an_event_whose_run_has_moved_on_since_planning_is_not_told(
    log: Log, shop: Session, graph_api: Any, event: str, before: dict[str, Any], since: dict[str, Any], reason: str
) -> None:
    set_run(shop, **{"status": "sent_to_partner", **before})
    planned = plan_events(conf(event))
    set_run(shop, **since)

    (outcome,) = planned.send()

    assert outcome.nothing_sent
    assert told(log) == [("run 1", reason)]
    assert taken(graph_api) == []


@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_an_event_whose_run_is_left_alone_since_planning_is_not_told(
    log: Log, graph_api: Any, deployment: Deployment, event: str
) -> None:
    planned = plan_events(conf(event))
    deployment.set(runs={RUN: {"never": True}})

    planned.send()

    assert told(log) == [("run 1", "paused")]
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    ("change_of_partner", "reason"),
    [
        ("status = 'inactive'", "partner_inactive"),
        ("whatsapp_number = '+919829099999'", "moved_on"),
        ("whatsapp_number = '6581258574', country_code = NULL", "ambiguous_phone"),
    ],
)
@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_a_partner_who_is_not_reached_there_any_more_is_not_told(
    log: Log, shop: Session, graph_api: Any, event: str, change_of_partner: str, reason: str
) -> None:
    planned = plan_events(conf(event))
    shop.execute(f"UPDATE partner SET {change_of_partner} WHERE id = %s", [RAJESH])

    planned.send()

    assert told(log) == [("run 1", reason)]
    assert taken(graph_api) == []


@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_a_no_that_another_partner_says_on_the_phone_since_planning_is_heard(
    log: Log, shop: Session, graph_api: Any, event: str
) -> None:
    planned = plan_events(conf(event))
    shop.execute(
        "INSERT INTO messaging_conversation (id, partner_id, phone_number, status, metadata)"
        """ VALUES ('NO', %s, '919829012345', 'archived', '{"consent_given": false}')""",
        [MEERA],
    )

    planned.send()

    assert told(log) == [("run 1", "no_consent")]
    assert taken(graph_api) == []


def test_a_message_whose_night_has_come_since_planning_waits_for_the_morning(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "21:59")
    planned = plan_events(conf())
    at(deployment, "22:00")

    (outcome,) = planned.send()

    raise_for(outcome)  # green
    assert outcome.counts == {"held": 1}
    found = only_row(log, "run 1")
    assert (found["status"], found["attempts"]) == ("queued", 0)
    assert found["not_before"] == dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)
    assert found["day"] == dt.date(2026, 11, 24)
    assert taken(graph_api) == []


def test_a_reminder_whose_night_has_come_since_planning_has_had_its_day(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "21:59")
    planned = plan_events(conf(REMINDER))
    at(deployment, "22:00")

    planned.send()

    assert told(log) == [("run 1", "expired")]
    assert taken(graph_api) == []


@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_what_an_event_asked_for_keeps_the_recipient_s_hours_and_not_the_send_window(
    log: Log, deployment: Deployment, event: str
) -> None:
    at(deployment, "21:30")

    tell(conf(event))

    assert told(log) == [("run 1", "sent")]


@pytest.mark.parametrize("setting", [{"halt": True}, {"delivery": "dry_run"}])
def test_the_guards_hold_for_events_too(
    log: Log, graph_api: Any, deployment: Deployment, setting: dict[str, Any]
) -> None:
    planned = plan_events(conf())
    deployment.set(**setting)

    with pytest.raises(NotNow):
        planned.send()

    assert told(log) == [("run 1", "queued")]
    assert taken(graph_api) == []
