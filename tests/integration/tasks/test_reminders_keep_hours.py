"""Reminders that wait for their recipient's day: planned by the tick, sent by upkeep, under the same guards and day."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from psycopg.rows import DictRow

from partner_messages.database.session import Session
from partner_messages.messages.tick import RunRefused
from partner_messages.ops.summarise import problems_of
from partner_messages.ops.summary import summarise_tick
from partner_messages.sending.template_operator import raise_for
from sandbox.shop import run_id
from sandbox.shop.expectations import expectations
from support.deployment import TICK, Deployment
from support.event_runs import SendingRun, plan_events, tell, upkeep, weekday_tick
from support.log_rows import Log, change, everything, row
from support.sending import taken
from support.submitted import submit_templates

ROME, INDIA, TEXAS = run_id("START72H1S"), run_id("SENT10D"), run_id("READYAFTER")
DIGEST = "jyt_production_run_digest_v1"
ASKED = {"event": "production_run.reminder_idle", "production_run_id": ROME}
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _shipped_hours(deployment: Deployment) -> None:
    deployment.set(partner_send_window=["08:00", "20:00"])
    submit_templates()


def rome(clock: str) -> dt.datetime:
    """A time of Rome's on the tick's day, in winter."""
    return dt.datetime.fromisoformat(f"2026-11-23 {clock}+01:00").astimezone(dt.UTC)


def held(log: Log) -> DictRow:
    """The reminder of the tick that waits until it is eight in Rome."""
    assert weekday_tick(ROME).batches == []
    (found,) = everything(log)
    assert (found["status"], found["not_before"], found["day"]) == ("queued", rome("08:00"), TICK.date())
    return found


def said_of(log: Log, run: SendingRun, deployment: Deployment) -> tuple[dict[str, int], list[str]]:
    """The counts of a run's summary that are not nought, and what of it needs an engineer."""
    summary = summarise_tick(log, run.tick, {}, deployment.now)
    return dict(summary.statuses), problems_of(summary, [])


def test_a_live_tick_over_the_sample_shop_holds_the_italians_skips_the_texan_and_sends_to_the_rest(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")

    tick = weekday_tick()

    to_send = {id_ for id_, one in expectations().items() if one.outcome == "send"}
    rows = [one for one in everything(log) if one["production_run_id"] in to_send]
    ends = {
        one["production_run_id"]: one["skip_reason"] or ("held" if one["not_before"] else one["status"]) for one in rows
    }
    assert ends == {
        one["production_run_id"]: {"+39": "held", "+15": "no_common_hours"}.get(one["to_phone"][:3], "queued")
        for one in rows
    }
    assert len(ends) == len(to_send)
    assert (ends[ROME], ends[TEXAS], ends[INDIA]) == ("held", "no_common_hours", "queued")
    waiting = sum(end == "held" for end in ends.values())
    assert f"{waiting} messages wait until it is day for their recipients" in caplog.text
    assert "the first until 12:30 IST; message_log_upkeep sends them." in caplog.text
    assert "messages are not sent (no_common_hours): From the tick to the end of send_window" in caplog.text
    counts = summarise_tick(log, tick.tick, {}, deployment.now).counts()
    assert (counts["held"], counts["queued"]) == (waiting, len(tick.message_ids))


def test_upkeep_sends_it_once_when_it_is_day_for_the_recipient_and_every_run_is_green(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    waits = held(log)
    deployment.now = rome("07:45")
    assert upkeep("upkeep 1").batches == []

    deployment.now = rome("08:00")
    released = upkeep("upkeep 2")
    (outcome,) = released.send()

    raise_for(outcome)
    assert said_of(log, released, deployment) == ({"sent": 1}, [])
    deployment.now = rome("08:15")
    assert upkeep("upkeep 3").batches == []
    assert taken(graph_api) == [str(waits["id"])]


@pytest.mark.parametrize("now", ["07:45", "07:54", "07:59:59"])
def test_the_tick_s_own_run_is_green_however_soon_what_waits_comes_due(
    log: Log, deployment: Deployment, now: str
) -> None:
    tick = weekday_tick(ROME)
    deployment.now = rome(now)

    assert said_of(log, tick, deployment) == ({"held": 1}, [])


def test_what_is_due_and_was_not_released_is_not_passed_over(log: Log, deployment: Deployment) -> None:
    tick = weekday_tick(ROME)
    deployment.now = rome("08:00")

    statuses, (problem,) = said_of(log, tick, deployment)

    assert statuses == {"queued": 1}
    assert "1 messages are still queued" in problem


@pytest.mark.parametrize("closed", [{"halt": True}, {"delivery": "dry_run"}])
def test_while_nothing_may_leave_it_goes_on_waiting_until_its_day_is_over(
    log: Log, graph_api: Any, deployment: Deployment, closed: dict[str, Any]
) -> None:
    id_ = held(log)["id"]
    deployment.set(**closed)
    deployment.now = rome("08:00")
    assert upkeep("upkeep 1").batches == []
    assert row(log, id_)["status"] == "queued"

    deployment.now = rome("19:30")  # midnight in India
    upkeep("upkeep 2")

    assert row(log, id_)["skip_reason"] == "expired"
    assert taken(graph_api) == []


def test_the_next_tick_says_how_much_waited_in_vain(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = held(log)["id"]
    deployment.now = TICK + dt.timedelta(days=1)

    weekday_tick(ROME, run_id="tick 2")

    assert row(log, id_)["skip_reason"] == "expired"
    assert "1 messages of past days were never sent (expired)" in caplog.text


def test_the_send_window_holds_for_what_waits(log: Log, graph_api: Any, deployment: Deployment) -> None:
    id_ = held(log)["id"]
    deployment.now = rome("14:30")  # 19:00 in India

    assert upkeep().batches == []
    assert (row(log, id_)["status"], taken(graph_api)) == ("queued", [])


def test_a_run_that_moved_on_meanwhile_is_not_reminded_of(
    log: Log, shop: Session, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log)["id"]
    shop.execute("UPDATE production_runs SET status = 'cancelled', cancelled_at = %s WHERE id = %s", [TICK, ROME])
    deployment.now = rome("08:00")

    upkeep().send()

    assert row(log, id_)["skip_reason"] == "moved_on"
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    ("now", "settings", "until"),
    [
        pytest.param("08:00", {"partner_send_window": ["09:10", "20:00"]}, "09:15", id="ops narrowed the hours"),
        pytest.param("08:00", {"partner_send_window": ["14:15", "20:00"]}, "14:15", id="the last moment of the day"),
        pytest.param("08:00", {"partner_send_window": ["14:16", "20:00"]}, "no_common_hours", id="a minute after it"),
        pytest.param("09:30", {"partner_send_window": ["08:00", "09:00"]}, "expired", id="cleared too late"),
        pytest.param(
            "08:00",
            {"send_window": ["09:00", "13:00"], "partner_send_window": ["08:30", "20:00"]},
            "no_common_hours",
            id="ops narrowed the send window",
        ),
    ],
)
def test_at_the_claim_the_hours_are_looked_at_again(
    log: Log, graph_api: Any, deployment: Deployment, now: str, settings: dict[str, Any], until: str
) -> None:
    id_ = held(log)["id"]
    deployment.now = rome(now)
    released = upkeep()
    deployment.set(**settings)

    (outcome,) = released.send()

    found = row(log, id_)
    if ":" in until:
        raise_for(outcome)
        assert outcome.counts == {"held": 1}
        assert (found["status"], found["not_before"], found["day"]) == ("queued", rome(until), TICK.date())
    else:
        assert (found["status"], found["skip_reason"]) == ("skipped", until)
    assert taken(graph_api) == []


def test_what_was_dealt_out_already_waits_too_and_the_rest_of_the_run_is_sent(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(partner_send_window=["00:00", "23:59"])
    dealt = weekday_tick(ROME, INDIA)
    deployment.set(partner_send_window=["08:00", "20:00"])

    dealt.send()

    assert {one["production_run_id"]: one["status"] for one in everything(log)} == {ROME: "queued", INDIA: "sent"}
    assert len(taken(graph_api)) == 1


@pytest.mark.parametrize("params", [{}, {"ignore_send_window": True}])
def test_a_run_outside_the_send_window_keeps_the_partner_s_hours_all_the_same(
    log: Log, graph_api: Any, deployment: Deployment, params: dict[str, Any]
) -> None:
    deployment.set(partner_send_window=["00:00", "23:59"])
    dealt = weekday_tick(INDIA)
    deployment.set(partner_send_window=["08:00", "20:00"])
    deployment.now = dt.datetime(2026, 11, 23, 21, 30, tzinfo=dt.UTC) - dt.timedelta(days=1)  # three in the morning
    cleared = SendingRun(dealt.tick, dealt.batches, params)

    if params:
        cleared.send()
        (found,) = everything(log)
        assert (found["status"], found["not_before"]) == ("queued", dt.datetime(2026, 11, 23, 3, 30, tzinfo=dt.UTC))
    else:
        with pytest.raises(Exception, match="outside the send window"):
            cleared.send()
    assert taken(graph_api) == []


def test_a_second_run_of_the_day_takes_over_what_waits_and_it_waits_no_longer_than_it_must(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    first = held(log)
    assert weekday_tick(ROME, run_id="tick 2").batches == []
    (again,) = everything(log)
    assert (again["id"], again["dag_run_id"], again["not_before"]) == (first["id"], "tick 2", rome("08:00"))

    deployment.set(partner_send_window=["07:00", "20:00"])
    weekday_tick(ROME, run_id="tick 3")
    assert row(log, first["id"])["not_before"] == rome("07:00")

    deployment.now = rome("07:00")
    by_hand = weekday_tick(ROME, run_id="tick 4")
    by_hand.send()

    assert by_hand.message_ids == taken(graph_api) == [str(first["id"])]
    assert upkeep().batches == []


def test_a_second_run_with_a_limit_takes_nothing_away_from_those_who_wait(log: Log, deployment: Deployment) -> None:
    waits = held(log)
    deployment.set(max_messages_per_run=1)

    assert len(weekday_tick(ROME, INDIA, run_id="tick 2").message_ids) == 1

    assert row(log, waits["id"]) == waits


def test_a_second_run_does_not_bring_forward_what_meta_put_off(log: Log, deployment: Deployment) -> None:
    id_ = held(log)["id"]
    change(log, id_, attempts=1, not_before=rome("09:20"))
    deployment.now = rome("08:30")

    weekday_tick(ROME, run_id="tick 2")

    assert row(log, id_)["not_before"] == rome("09:20")


def test_once_upkeep_has_sent_it_a_second_run_is_a_duplicate(log: Log, graph_api: Any, deployment: Deployment) -> None:
    id_ = held(log)["id"]
    deployment.now = rome("08:00")
    upkeep().send()

    weekday_tick(ROME, run_id="tick 2").send()

    assert [(one["skip_reason"] or one["status"], one["duplicate_of"]) for one in everything(log)] == [
        ("sent", None),
        ("duplicate", id_),
    ]
    assert len(taken(graph_api)) == 1


def test_a_reminder_that_an_event_asks_for_leaves_by_the_hours_of_events_though_the_tick_s_waits(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    id_ = held(log)["id"]
    deployment.now = rome("07:00")  # within event_window

    tell(ASKED)

    assert [one["status"] for one in everything(log)] == ["sent"]
    assert taken(graph_api) == [str(id_)]


def test_what_an_event_asked_for_waits_as_events_do_whatever_the_tick_that_takes_it_over_says(
    log: Log, deployment: Deployment
) -> None:
    assert plan_events(ASKED).batches == []  # before six in Rome
    (asked,) = everything(log)
    assert asked["not_before"] == rome("07:00")

    weekday_tick(ROME)

    (taken_over,) = everything(log)
    assert (taken_over["id"], taken_over["not_before"], taken_over["dag_id"]) == (
        asked["id"],
        rome("07:00"),
        "production_run_reminders",
    )


def test_what_waits_counts_for_the_blast_radius(log: Log, deployment: Deployment) -> None:
    deployment.set(confirm_above=1)

    with pytest.raises(RunRefused, match="would send 2 messages"):
        weekday_tick(ROME, INDIA)

    assert everything(log) == []


def test_a_rehearsal_waits_for_nobody(log: Log, deployment: Deployment) -> None:
    deployment.set(delivery="dry_run")

    weekday_tick(ROME, TEXAS).send()

    assert [one["status"] for one in everything(log)] == ["rehearsed"] * 2


@pytest.fixture
def two_in_rome(shop: Session, deployment: Deployment) -> None:
    """Two runs of one partner in Rome, who gets one message for them."""
    shop.execute(
        "UPDATE production_runs SET partner_id = (SELECT partner_id FROM production_runs WHERE id = %s) WHERE id = %s",
        [ROME, INDIA],
    )
    deployment.set(digest=True)
    submit_templates([DIGEST])


def test_a_digest_waits_whole_and_is_sent_of_what_is_still_stuck_then(
    two_in_rome: None, log: Log, shop: Session, graph_api: Any, deployment: Deployment
) -> None:
    assert weekday_tick(ROME, INDIA).batches == []
    (waits,) = everything(log)
    assert (waits["message_kind"], waits["status"], waits["not_before"]) == ("digest", "queued", rome("08:00"))
    shop.execute("UPDATE production_runs SET accepted_at = %s WHERE id = %s", [TICK, INDIA])

    deployment.now = rome("08:00")
    released = upkeep()
    (outcome,) = released.send()

    raise_for(outcome)
    assert {one["context_id"][: len(INDIA)]: one["skip_reason"] or one["status"] for one in everything(log)} == {
        waits["context_id"][: len(INDIA)]: "sent",
        INDIA: "moved_on",
    }
    assert said_of(log, released, deployment) == ({"sent": 1, "skipped": 1}, [])
    assert taken(graph_api) == [str(waits["id"])]


def test_a_digest_that_a_narrower_run_takes_over_as_it_is_goes_on_waiting(
    two_in_rome: None, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    weekday_tick(ROME, INDIA)
    (waits,) = everything(log)

    assert weekday_tick(ROME, run_id="tick 2").batches == []

    (again,) = everything(log)
    assert (again["id"], again["dag_run_id"], again["not_before"]) == (waits["id"], "tick 2", rome("08:00"))
    deployment.now = rome("08:00")
    upkeep().send()
    assert taken(graph_api) == [str(waits["id"])]
