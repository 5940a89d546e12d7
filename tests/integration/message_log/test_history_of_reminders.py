"""On which days a run was reminded in its present kind: what the cadence counts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.message_log.history import days_reminded
from partner_messages.message_log.ticks import record_stuck, start_tick
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from support.deployment import TICK
from support.examples import ago, stuck_run, tick
from support.log_rows import Log, put

PENDING, NOT_STARTED, IDLE = ReminderKind
TODAY = 99


def found(log: Log, kind: ReminderKind, *run_ids: str, days: int = 0, **changes: Any) -> Tick:
    """What a tick of that many days ago found stuck in a kind; today's is the one that asks."""
    of = tick(TODAY - days, day=ago(days), **changes)
    since = TICK - dt.timedelta(days=30)
    record_stuck(log, of, kind, [stuck_run(id_, kind=kind, since=since) for id_ in run_ids], observed_at=TICK)
    return of


def reminded(log: Log, kind: ReminderKind | None, *days: int, status: str = "sent", **columns: Any) -> None:
    for one in days:
        put(log, status, columns.get("run_id", "R1"), reminder_kind=kind, day=ago(one))


def test_the_days_before_today_come_in_order(log: Log) -> None:
    asking = found(log, PENDING, "R1", "R2")
    reminded(log, PENDING, 2, 9, 0, 5, -1)

    assert days_reminded(log, asking) == {"R1": (ago(9), ago(5), ago(2))}


@pytest.mark.parametrize(("hours", "counts"), [(-1, True), (0, False), (1, False)])
def test_of_the_day_on_which_the_clock_began_what_came_after_it_counts(log: Log, hours: int, counts: bool) -> None:
    reminding = tick(1, day=ago(3), now=TICK - dt.timedelta(days=3))
    start_tick(log, reminding)
    reminded(log, PENDING, 3)
    asking, since = tick(TODAY), reminding.now + dt.timedelta(hours=hours)
    record_stuck(log, asking, PENDING, [stuck_run("R1", kind=PENDING, since=since)], observed_at=TICK)

    assert days_reminded(log, asking) == ({"R1": (ago(3),)} if counts else {})


def test_each_run_has_its_own_days(log: Log) -> None:
    asking = found(log, PENDING, "R1", "R2", "R3")
    put(log, "sent", "R1", reminder_kind=PENDING, day=ago(1))
    put(log, "sent", "R2", reminder_kind=PENDING, day=ago(2))
    put(log, "sent", "R9", reminder_kind=PENDING, day=ago(3))

    assert days_reminded(log, asking) == {"R1": (ago(1),), "R2": (ago(2),)}


def test_only_what_the_asking_run_has_found_is_looked_at(log: Log) -> None:
    found(log, PENDING, "R1", days=3)
    reminded(log, PENDING, 3)

    assert days_reminded(log, tick(TODAY)) == {}


@pytest.mark.parametrize(
    ("status", "columns", "counts"),
    [
        ("sent", {}, True),
        ("delivered", {}, True),
        ("read", {}, True),
        ("unknown", {}, True),
        ("failed", {}, False),
        ("failed", {"delivered_at": TICK}, True),
        ("sent", {"expired_at_meta": TICK}, False),
        ("skipped", {"skip_reason": "not_due"}, False),
        ("queued", {}, False),
        ("sending", {}, False),
        ("sent", {"event_name": "production_run.not_started"}, True),
        ("sent", {"message_kind": "followup", "context_id": "R1:image"}, False),
        ("sent", {"message_kind": "event", "context_id": "R1:event", "event_name": "production_run.cancelled"}, False),
    ],
)
def test_what_meta_took_and_did_not_refuse_later_counts(
    log: Log, status: str, columns: dict[str, Any], counts: bool
) -> None:
    asking = found(log, PENDING, "R1")
    put(log, status, "R1", day=ago(1), **{"reminder_kind": PENDING, **columns})

    assert days_reminded(log, asking) == ({"R1": (ago(1),)} if counts else {})


DELIVERED_AS = [("live", "sent", 1), ("redirect", "sent", 2), ("dry_run", "rehearsed", 3)]


@pytest.mark.parametrize(("delivery", "day"), [(delivery, day) for delivery, _, day in DELIVERED_AS])
def test_each_delivery_counts_its_own_reminders_and_nothing_else(log: Log, delivery: str, day: int) -> None:
    for one, status, days in DELIVERED_AS:
        put(log, status, "R1", reminder_kind=PENDING, day=ago(days), delivery=one)
    asking = found(log, PENDING, "R1", delivery=delivery)

    assert days_reminded(log, asking) == {"R1": (ago(day),)}


def test_reminders_of_another_kind_do_not_count(log: Log) -> None:
    reminded(log, PENDING, 5, 4)
    reminded(log, NOT_STARTED, 3)

    assert days_reminded(log, found(log, NOT_STARTED, "R1")) == {"R1": (ago(3),)}


def test_what_another_partner_was_reminded_of_does_not_count(log: Log) -> None:
    put(log, "sent", "R1", reminder_kind=PENDING, day=ago(5), partner_id="01J000000000000000000BEFORE")
    reminded(log, PENDING, 3)

    assert days_reminded(log, found(log, PENDING, "R1")) == {"R1": (ago(3),)}


def test_a_run_that_another_partner_had_in_between_starts_again(log: Log) -> None:
    found(log, PENDING, "R1", days=9)
    between = tick(TODAY - 5, day=ago(5))
    record_stuck(log, between, PENDING, [stuck_run("R1", kind=PENDING, partner_id="P2")], observed_at=TICK)
    found(log, PENDING, "R1", days=2)
    reminded(log, PENDING, 9, 2)

    assert days_reminded(log, found(log, PENDING, "R1")) == {"R1": (ago(2),)}


def test_a_run_that_was_stuck_elsewhere_in_between_starts_again(log: Log) -> None:
    found(log, PENDING, "R1", "R2", days=9)
    found(log, NOT_STARTED, "R1", days=5)
    found(log, PENDING, "R1", "R2", days=2)
    asking = found(log, PENDING, "R1", "R2")
    for run_id in ("R1", "R2"):
        reminded(log, PENDING, 9, 2, run_id=run_id)

    assert days_reminded(log, asking) == {"R1": (ago(2),), "R2": (ago(9), ago(2))}


def test_where_it_was_stuck_is_known_without_a_reminder_of_that(log: Log) -> None:
    found(log, IDLE, "R1", days=1)
    reminded(log, PENDING, 3)

    assert days_reminded(log, found(log, PENDING, "R1")) == {}


def test_a_reminder_of_the_very_day_on_which_it_was_found_elsewhere_too_counts(log: Log) -> None:
    found(log, IDLE, "R1", days=1)
    reminded(log, PENDING, 1)

    assert days_reminded(log, found(log, PENDING, "R1")) == {"R1": (ago(1),)}


@pytest.mark.parametrize(("days", "delivery"), [(0, "live"), (-1, "live"), (1, "dry_run")])
def test_what_is_found_today_or_later_or_in_another_delivery_starts_nothing_again(
    log: Log, days: int, delivery: str
) -> None:
    record_stuck(log, tick(1, day=ago(days), delivery=delivery), IDLE, [stuck_run("R1", kind=IDLE)], observed_at=TICK)
    reminded(log, PENDING, 3)

    assert days_reminded(log, found(log, PENDING, "R1")) == {"R1": (ago(3),)}


def digest(log: Log, day: int, *run_ids: str, status: str = "sent") -> None:
    put(
        log,
        status,
        *run_ids,
        context_type="partner",
        context_id=f"P1:digest:{ago(day)}",
        message_kind="digest",
        reminder_kind=None,
        production_run_id=None,
        day=ago(day),
    )


def test_every_run_of_a_digest_was_reminded_of_what_it_was_found_in_that_day(log: Log) -> None:
    found(log, PENDING, "R1", "R2", days=2)
    found(log, NOT_STARTED, "R3", days=2, dag_run_id="the same day's second run")
    digest(log, 2, "R1", "R2", "R3")
    asking = found(log, PENDING, "R1", "R3")

    assert days_reminded(log, asking) == {"R1": (ago(2),)}


def test_a_digest_counts_though_the_run_of_the_dag_that_sent_it_was_done_again_as_a_backfill(log: Log) -> None:
    found(log, PENDING, "R1", days=2)
    digest(log, 2, "R1")
    found(log, PENDING, "R1", days=2, delivery="dry_run")

    assert days_reminded(log, found(log, PENDING, "R1")) == {"R1": (ago(2),)}


def test_a_digest_that_failed_counts_for_none_of_its_runs(log: Log) -> None:
    found(log, PENDING, "R1", "R2", days=2)
    digest(log, 2, "R1", "R2", status="failed")

    assert days_reminded(log, found(log, PENDING, "R1", "R2")) == {}


def test_two_reminders_on_one_day_are_one_day(log: Log) -> None:
    asking = found(log, PENDING, "R1")
    put(log, "failed", "R1", reminder_kind=PENDING, day=ago(1))
    put(log, "sent", "R1", reminder_kind=PENDING, day=ago(1))

    assert days_reminded(log, asking) == {"R1": (ago(1),)}
