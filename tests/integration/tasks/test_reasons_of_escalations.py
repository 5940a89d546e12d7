"""For what an open escalation stands, and when operations are told of a new reason: over the real shop and log."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment
from support.escalations import DAY, escalated, goes, keep, lists, planned, rows
from support.log_rows import Log, put

RUN, OTHER = run_id("SENT10D"), run_id("SENT25H")
"""Both of one partner, who has one phone."""
RAJESH = partner_id("RAJESH")
REFUSED = {"error_code": 131026}


def number(shop: Session, phone: str | None) -> None:
    shop.execute("UPDATE partner SET whatsapp_number = %s WHERE id = %s", [phone, RAJESH])
    shop.execute("DELETE FROM partner_admin")


def refused_on(deployment: Deployment, log: Log, days: int) -> int:
    """Go through a tick whose one message Meta refuses; return of how many operations were told."""
    of, tick = planned(deployment, days)
    goes(log, "failed", **REFUSED)
    return REMINDERS.escalate(of, tick)["told"]


def test_a_number_that_was_added_and_refused_is_told_of_as_what_it_is_when_the_week_is_over(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, RUN)
    number(shop, None)
    assert escalated(deployment)["told"] == 1

    number(shop, "+919829012345")
    assert [refused_on(deployment, log, days) for days in (1, 4, 7)] == [0, 0, 1]

    assert rows(log) == [(RUN, "no_phone", False), (RUN, "not_on_whatsapp", True)]
    first, second = lists(told)
    assert "no_phone" in first
    assert "not_on_whatsapp" in second
    assert "no_phone" not in second


def test_a_reason_that_asks_for_another_act_is_told_at_once_and_the_one_before_not_again_within_its_week(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, RUN)
    number(shop, None)
    escalated(deployment)

    shop.execute("UPDATE partner SET status = 'inactive' WHERE id = %s", [RAJESH])
    assert escalated(deployment, 1)["told"] == 1
    shop.execute("UPDATE partner SET status = 'active' WHERE id = %s", [RAJESH])
    assert [escalated(deployment, days)["told"] for days in (2, 4, 7)] == [0, 0, 1]

    assert [reason for _, reason, _ in rows(log)] == ["no_phone", "partner_inactive", "no_phone"]
    assert ["no_phone" in text for text in lists(told)] == [True, False, True]


def test_what_a_pause_ends_is_told_after_it_once_its_week_is_over(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, RUN)
    number(shop, None)
    escalated(deployment)
    deployment.set(partners={RAJESH: {"paused_until": (TICK + 3 * DAY).date().isoformat()}})

    assert escalated(deployment, 1) == {"opened": 0, "ended": 1, "told": 0}
    assert [escalated(deployment, days)["told"] for days in (2, 3, 4, 7)] == [0, 0, 0, 1]


def test_a_run_that_stalls_anew_is_told_of_at_once(deployment: Deployment, log: Log, shop: Session, told: Path) -> None:
    keep(shop, RUN)
    number(shop, None)
    escalated(deployment)
    shop.execute("UPDATE production_runs SET created_at = created_at + interval '1 hour'")

    assert escalated(deployment, 1) == {"opened": 1, "ended": 1, "told": 1}


def test_a_raised_cap_ends_what_was_opened_for_the_one_before(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, RUN)
    put(log, "sent", RUN, day=(TICK - DAY).date(), partner_id=RAJESH, reminder_kind="assignment_pending")
    deployment.set(max_reminders=1)
    escalated(deployment)
    assert rows(log) == [(RUN, "reminders_used_up", True)]

    deployment.set(max_reminders=1000, cadence=[1, 30])

    assert escalated(deployment, 1)["ended"] == 1  # though the next reminder is not due yet


@pytest.mark.parametrize(
    ("setting", "ends_with"),
    [
        ({"partners": {RAJESH: {"never": True}}}, {"partners": {}}),
        ({"runs": {RUN: {"never": True}}}, {"runs": {}}),
        ({"partners": {RAJESH: {"never": True}}}, None),
    ],
)
def test_a_run_that_is_never_reminded_of_is_told_of_once_a_week_until_it_is_or_moves(
    deployment: Deployment,
    log: Log,
    shop: Session,
    told: Path,
    setting: dict[str, Any],
    ends_with: dict[str, Any] | None,
) -> None:
    keep(shop, RUN)
    deployment.set(**setting)

    assert [escalated(deployment, days)["told"] for days in (0, 1, 4, 7, 8, 14)] == [1, 0, 0, 1, 0, 1]
    assert rows(log) == [(RUN, "left_alone", True)]
    assert "left_alone" in lists(told)[0]

    if ends_with is None:
        shop.execute("UPDATE production_runs SET status = 'cancelled'")
    else:
        deployment.set(**ends_with)
    assert escalated(deployment, 15)["ended"] == 1


def taken_today(log: Log, run: str, days: int = 0, **columns: Any) -> None:
    moment = TICK + days * DAY
    put(log, "sent", run, **{"partner_id": RAJESH, "day": moment.date(), "claimed_at": moment, **columns})


def refused_before(log: Log, run: str, days: int = 1, **columns: Any) -> None:
    moment = TICK - days * DAY
    row = {"partner_id": RAJESH, "day": moment.date(), "claimed_at": moment, **REFUSED}
    put(log, "failed", run, **{**row, **columns})


def test_a_second_run_is_not_escalated_on_the_day_on_which_the_number_works_again(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, RUN, OTHER)
    refused_before(log, RUN)
    taken_today(log, RUN)
    taken_today(log, OTHER)

    escalated(deployment)

    assert rows(log) == [(RUN, "not_on_whatsapp", True)]


def test_a_second_run_is_escalated_where_nothing_was_taken_since_and_stays_so_until_something_arrives(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, RUN, OTHER)
    refused_before(log, RUN)
    escalated(deployment)
    taken_today(log, OTHER, 1)

    assert escalated(deployment, 1)["ended"] == 0
    assert {run for run, _, is_open in rows(log) if is_open} == {RUN, OTHER}
    assert escalated(deployment, 2)["ended"] == 2


def test_a_refusal_of_another_number_than_the_one_that_was_just_taken_is_none(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, RUN, OTHER)
    refused_before(log, RUN, to_phone="+919829099999")
    taken_today(log, RUN)

    assert escalated(deployment)["opened"] == 0


def test_the_refusal_of_a_digest_is_one_of_each_of_its_runs(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, RUN, OTHER)
    put(
        log,
        "failed",
        *(RUN, OTHER),
        **{"partner_id": RAJESH, "day": (TICK - DAY).date(), "claimed_at": TICK - DAY, **REFUSED},
        **{"message_kind": "digest", "production_run_id": None, "reminder_kind": None, "context_type": "partner"},
    )
    taken_today(log, OTHER)

    assert escalated(deployment)["opened"] == 2


def test_the_history_keeps_which_reason_held_when(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, RUN)
    number(shop, None)
    escalated(deployment)
    number(shop, "12")
    escalated(deployment, 1)

    before, now = log.execute("SELECT * FROM escalation ORDER BY opened_at").fetchall()

    assert (before["reason"], before["over_at"] - before["opened_at"]) == ("no_phone", dt.timedelta(days=1))
    assert (now["reason"], now["opened_at"], now["over_at"]) == ("invalid_phone", before["over_at"], None)
    assert before["closed_why"] == "The reason (no_phone) is gone; now it is invalid_phone."
