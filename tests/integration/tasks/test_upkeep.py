"""What `message_log_upkeep` releases, what it leaves alone, and what it closes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.database.session import Session
from partner_messages.ops.upkeep import taken_away
from partner_messages.sending.dispatch import MetaUnreachable
from partner_messages.sending.template_operator import raise_for
from sandbox.shop import run_id
from support.at_once import at_once
from support.dag_tasks import UPKEEP
from support.deployment import TICK, Deployment
from support.event_runs import plan_events, tell, upkeep, weekday_tick
from support.log_rows import Log, change, everything, put, row
from support.sending import taken
from whatsapp_provider.api.answers import NotSent
from whatsapp_provider.hooks.whatsapp import WhatsAppHook

pytestmark = pytest.mark.usefixtures("one_sender")

RUN = run_id("SENT25H")
"""Sent to RAJESH a day ago and not accepted."""
ASSIGNED = {"event": "production_run.sent_to_partner", "production_run_id": RUN}
REMINDER = {"event": "production_run.reminder_assignment_pending", "production_run_id": RUN}
MINUTE = dt.timedelta(minutes=1)
TODAY, YESTERDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 22)


def india(clock: str, day: int = 23) -> dt.datetime:
    """A time of India's in November 2026."""
    return dt.datetime.combine(dt.date(2026, 11, day), dt.time.fromisoformat(clock), SCHEDULE_TIMEZONE).astimezone(
        dt.UTC
    )


def held(log: Log, deployment: Deployment, conf: dict[str, Any] = ASSIGNED) -> uuid.UUID:
    """An event of 22:30 whose message waits for tomorrow's 07:00."""
    deployment.now = india("22:30")
    assert plan_events(conf).batches == []
    (found,) = everything(log)
    assert found["not_before"] == india("07:00", 24)
    id_: uuid.UUID = found["id"]
    return id_


def put_off(log: Log, deployment: Deployment, until: dt.datetime) -> uuid.UUID:
    """A reminder of the tick's that Meta asked to be sent later."""
    deployment.now = TICK + MINUTE
    (id_,) = weekday_tick(RUN).message_ids
    change(log, uuid.UUID(id_), not_before=until, attempts=1)
    return uuid.UUID(id_)


def test_where_nothing_is_due_nothing_is_dealt_out(log: Log) -> None:
    planned = plan_events(ASSIGNED)

    looked = upkeep()

    assert looked.batches == []
    assert looked.tick.delivery == "live"
    (found,) = everything(log)
    assert str(found["tick_id"]) == planned.tick.id  # its own run's, until it comes due
    assert {one["dag_id"] for one in log.execute("SELECT dag_id FROM tick")} == {
        "production_run_events",
        "message_log_upkeep",
    }


def test_what_waited_for_the_morning_is_sent_once_when_it_comes_due(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log, deployment)
    its_run = row(log, id_)["dag_run_id"]

    deployment.now = india("06:45", 24)
    assert upkeep("upkeep 1").batches == []
    assert row(log, id_)["dag_run_id"] == its_run

    deployment.now = india("07:00", 24)
    released = upkeep("upkeep 2")
    assert released.message_ids == [str(id_)]
    now_its = row(log, id_)
    assert (now_its["dag_id"], now_its["dag_run_id"], str(now_its["tick_id"])) == (
        "message_log_upkeep",
        "upkeep 2",
        released.tick.id,
    )
    (outcome,) = released.send()
    assert outcome.counts == {"sent": 1}

    deployment.now = india("07:15", 24)
    assert upkeep("upkeep 3").batches == []
    released.send()
    assert taken(graph_api) == [str(id_)]


def test_a_reminder_that_an_event_asked_for_at_night_leaves_in_the_morning_and_the_tick_sends_no_second(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log, deployment, REMINDER)

    deployment.now = india("07:00", 24)  # two hours before the send window
    upkeep().send()
    assert taken(graph_api) == [str(id_)]
    deployment.now = india("10:01", 24)
    tell(REMINDER, "run 2")

    assert [one["skip_reason"] or one["status"] for one in everything(log)] == ["sent", "duplicate"]
    assert len(taken(graph_api)) == 1


def test_where_it_is_night_again_or_still_the_message_goes_on_waiting(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log, deployment)
    deployment.now = india("07:00", 24)
    deployment.set(event_window=["08:00", "22:00"])  # ops have just narrowed it

    (outcome,) = upkeep().send()

    raise_for(outcome)  # green
    assert outcome.counts == {"held": 1}
    found = row(log, id_)
    assert (found["status"], found["not_before"], found["day"]) == ("queued", india("08:00", 24), dt.date(2026, 11, 24))
    assert taken(graph_api) == []

    deployment.now = india("08:00", 24)
    upkeep("upkeep 2").send()
    assert taken(graph_api) == [str(id_)]


def test_an_event_that_its_run_no_longer_bears_out_in_the_morning_is_not_told(
    log: Log, shop: Session, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log, deployment)
    shop.execute("UPDATE production_runs SET accepted_at = %s WHERE id = %s", [india("06:30", 24), RUN])
    deployment.now = india("07:00", 24)

    upkeep().send()

    assert row(log, id_)["skip_reason"] == "state_mismatch"
    assert taken(graph_api) == []


@pytest.mark.parametrize("setting", [{"halt": True}, {"delivery": "dry_run"}])
def test_while_nothing_may_leave_nothing_is_released(
    log: Log, graph_api: Any, deployment: Deployment, setting: dict[str, Any]
) -> None:
    id_ = held(log, deployment)
    deployment.now = india("07:00", 24)
    before, allowed = row(log, id_), {"halt": False, "delivery": "live"}

    deployment.set(**setting)
    assert upkeep().batches == []
    assert row(log, id_) == before

    deployment.set(**allowed)
    upkeep("upkeep 2").send()
    assert taken(graph_api) == [str(id_)]


def test_a_day_that_is_over_expires_and_a_claim_that_nobody_answers_for_becomes_unknown(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    waits = held(log, deployment)
    left = put(log, "queued", "R1", day=YESTERDAY)
    rehearsal = put(log, "queued", "R2", day=YESTERDAY, delivery="dry_run")
    claimed = put(log, "sending", "R3", claimed_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
    deployment.now = india("00:00", 25)

    assert upkeep().batches == []

    assert [row(log, id_)["skip_reason"] for id_ in (waits, left)] == ["expired"] * 2
    assert row(log, rehearsal)["status"] == "queued"
    assert row(log, claimed)["status"] == "unknown"
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    ("due", "now", "released"),
    [
        pytest.param("10:30", "10:49", False, id="its own run's retries come first"),
        pytest.param("10:30", "10:50", True, id="20 minutes after it came due"),
        pytest.param("10:30", "18:59", True, id="the send window's last minute"),
        pytest.param("10:30", "19:00", False, id="after the send window"),
        pytest.param("18:30", "18:45", False, id="not yet, and then it is too late"),
    ],
)
def test_a_reminder_is_released_within_the_send_window_and_well_after_it_came_due(
    log: Log, graph_api: Any, deployment: Deployment, due: str, now: str, released: bool
) -> None:
    id_ = put_off(log, deployment, india(due))
    deployment.now = india(now)

    looked = upkeep()
    looked.send()

    assert looked.message_ids == ([str(id_)] if released else [])
    assert taken(graph_api) == looked.message_ids
    assert row(log, id_)["status"] == ("sent" if released else "queued")


def test_a_test_system_releases_reminders_at_any_hour(log: Log, deployment: Deployment) -> None:
    id_ = put_off(log, deployment, india("10:30"))
    deployment.set(allow_any_time=True)
    deployment.now = india("23:00")

    assert upkeep().message_ids == [str(id_)]


def test_a_released_reminder_must_still_be_due(log: Log, shop: Session, graph_api: Any, deployment: Deployment) -> None:
    id_ = put_off(log, deployment, india("10:30"))
    shop.execute("UPDATE production_runs SET status = 'in_progress', accepted_at = %s WHERE id = %s", [TICK, RUN])
    deployment.now = india("11:00")

    upkeep().send()

    assert row(log, id_)["skip_reason"] == "moved_on"
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        pytest.param("queued", {"not_before": None}, id="it never waited"),
        pytest.param("queued", {"delivery": "redirect"}, id="redirected"),
        pytest.param("queued", {"delivery": "dry_run"}, id="a rehearsal"),
        pytest.param("queued", {"message_kind": "followup", "template_name": None}, id="a follow-up"),
        pytest.param("queued", {"day": dt.date(2026, 11, 24)}, id="another day's"),
        pytest.param("sending", {}, id="claimed"),
        pytest.param("sent", {}, id="sent"),
    ],
)
def test_nothing_else_is_released(log: Log, deployment: Deployment, status: str, columns: dict[str, Any]) -> None:
    deployment.now = india("12:00")
    plain = {"not_before": india("10:00"), "event_name": REMINDER["event"], "claimed_at": dt.datetime.now(dt.UTC)}
    id_ = put(log, status, RUN, **{**plain, **columns})
    before = row(log, id_)

    assert upkeep().batches == []

    assert row(log, id_) == before


def test_what_one_run_could_not_send_the_next_one_takes_over(log: Log, graph_api: Any, deployment: Deployment) -> None:
    id_ = held(log, deployment)
    deployment.now = india("07:00", 24)
    left = upkeep("upkeep 1")
    deployment.now = india("07:15", 24)

    taken_over = upkeep("upkeep 2")
    taken_over.send()

    assert taken_over.message_ids == [str(id_)]
    assert [outcome.nothing_sent for outcome in left.send()] == [True]
    assert taken(graph_api) == [str(id_)]


@pytest.mark.parametrize("conf", [ASSIGNED, REMINDER])
def test_what_one_run_tried_in_vain_the_next_one_tries_again(
    log: Log, graph_api: Any, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, conf: dict[str, Any]
) -> None:
    id_ = held(log, deployment, conf)
    deployment.now = india("07:00", 24)
    first = upkeep("upkeep 1")
    with monkeypatch.context() as without_network:
        without_network.setattr(WhatsAppHook, "send_message", lambda *_: NotSent("no route to the host"))
        with pytest.raises(MetaUnreachable):
            first.send()
    assert (row(log, id_)["status"], row(log, id_)["not_before"]) == ("queued", None)

    deployment.now = india("07:15", 24)
    taken_over = upkeep("upkeep 2")
    taken_over.send()

    assert taken_over.message_ids == [str(id_)]
    assert taken(graph_api) == [str(id_)]


def test_two_runs_at_once_send_it_once(log: Log, graph_api: Any, deployment: Deployment) -> None:
    id_ = held(log, deployment)
    deployment.now = india("07:00", 24)

    both = at_once(lambda: upkeep("upkeep 1"), lambda: upkeep("upkeep 2"))
    at_once(*(run.send for run in both))

    assert row(log, id_)["status"] == "sent"
    assert taken(graph_api) == [str(id_)]


def test_what_is_to_be_retried_and_what_comes_due_do_not_send_twice(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    """Six minutes before the morning a message is its own task's to retry; the upkeep may come first."""
    deployment.now = india("06:54")
    its_run = plan_events(ASSIGNED)
    (outcome,) = its_run.send()
    assert (outcome.counts, outcome.to_retry) == ({"queued": 1}, 1)

    deployment.now = india("07:00")
    released = upkeep()
    at_once(its_run.send, released.send)

    assert released.message_ids == its_run.message_ids == taken(graph_api)


def test_what_is_old_is_forgotten_and_the_log_says_how_much(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="partner_messages")
    deployment.set(blank_days=7, retain_days=60)
    for number, days in enumerate((6, 8, 9, 61)):
        put(log, "read", f"R{number}", created_at=deployment.now - dt.timedelta(days=days))

    assert UPKEEP.forget({}) == {"Messages blanked": 3, "Messages deleted": 1}
    assert UPKEEP.forget({}) == {}

    assert [(found["production_run_id"], found["to_phone"] is None) for found in everything(log)] == [
        ("R0", False),
        ("R1", True),
        ("R2", True),
    ]
    assert "Messages blanked: 3 (older than 7 days, setting blank_days)." in caplog.messages
    assert "Messages deleted: 1 (older than 60 days, setting retain_days)." in caplog.messages
    assert "Nothing is old enough to be blanked or deleted." in caplog.messages


def test_the_shop_is_asked_which_runs_it_has_deleted_or_cancelled(shop: Any, deployment: Deployment) -> None:
    deleted, cancelled, there = run_id("SENT25H"), run_id("SENT10D"), run_id("START73H")
    shop.execute("UPDATE production_runs SET deleted_at = now() WHERE id = %s", [deleted])
    shop.execute("UPDATE production_runs SET status = 'cancelled' WHERE id = %s", [cancelled])
    assert {*taken_away([deleted, cancelled, there, "none"])} == {deleted, cancelled, "none"}
    deployment.disconnect("production_db")
    assert [*taken_away([deleted])] == []
