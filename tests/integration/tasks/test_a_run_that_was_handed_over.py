"""A run that was handed over waits since then, whenever it was made: in ticks, events, the cadence and the recheck."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.message_log.history import stuck_of_run
from sandbox.shop import partner_id, run_id
from support.deployment import TICK
from support.event_examples import REMINDER, conf, only_row, told
from support.event_runs import tell, weekday_tick
from support.log_rows import Log
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")

RUN = run_id("SENT10D")
RAJESH = partner_id("RAJESH")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HANDOVERS = ("sent_to_partner", "partner_assigned", "reminder_retried_same_partner")


@pytest.fixture(autouse=True)
def _made_83_days_ago(shop: Session) -> None:
    shop.execute(
        "UPDATE production_runs SET created_at = %s, dispatch_completed_at = NULL WHERE id = %s",
        [TICK - 83 * DAY, RUN],
    )


def hand_over(shop: Session, moment: dt.datetime, kind: str = "partner_assigned") -> None:
    shop.execute(
        "INSERT INTO production_run_activity"
        " (id, production_run_id, activity_type, kind, actor_type, partner_id, occurred_at)"
        " VALUES (gen_random_uuid(), %s, 'lifecycle_event', %s, 'system', %s, %s)",
        [RUN, kind, RAJESH, moment],
    )


def said(log: Log, dag_run_id: str = "tick 1") -> Any:
    """The days that the message of a DAG run speaks of."""
    return only_row(log, dag_run_id)["variables"]["days"]


@pytest.mark.parametrize("kind", HANDOVERS)
def test_it_is_left_alone_until_its_partner_has_it_for_a_day(log: Log, shop: Session, kind: str) -> None:
    hand_over(shop, TICK - 2 * HOUR, kind)

    weekday_tick(RUN)

    assert told(log) == []


@pytest.mark.parametrize(("hours", "days"), [(26, "1"), (50, "2")])
def test_its_message_says_how_long_its_partner_has_it(log: Log, shop: Session, hours: int, days: str) -> None:
    hand_over(shop, TICK - hours * HOUR)
    hand_over(shop, TICK - 200 * HOUR, "sent_to_partner")

    weekday_tick(RUN).send()

    assert said(log) == days


def test_an_event_speaks_of_the_same_days(log: Log, shop: Session) -> None:
    hand_over(shop, TICK - 2 * HOUR)

    tell(conf(REMINDER, RUN))

    assert said(log, "run 1") == "1"


def test_one_that_was_handed_over_since_the_morning_has_moved_on(log: Log, shop: Session, graph_api: Any) -> None:
    planned = weekday_tick(RUN)
    hand_over(shop, TICK + HOUR / 60)

    planned.send()

    assert told(log) == [("tick 1", "moved_on")]
    assert taken(graph_api) == []


def test_what_is_counted_from_is_when_its_partner_got_it(log: Log, shop: Session) -> None:
    hand_over(shop, TICK - 26 * HOUR)

    tick = weekday_tick(RUN).tick

    # The cadence, the days of a digest and escalations all begin here.
    assert [run.since for run in stuck_of_run(log, tick.dag_run_id)] == [TICK - 26 * HOUR]
