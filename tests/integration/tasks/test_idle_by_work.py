"""A started run is idle since the last work on it: over weeks of ticks, in a backfill, just before sending."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from partner_messages.config.schedule import day_of
from partner_messages.database.session import Session
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.history import stuck_of_run
from partner_messages.message_log.outbox import messages_of
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.find import find_stuck_runs
from partner_messages.sending.recheck import no_longer_due
from sandbox.shop import partner_id, run_id
from sandbox.shop.expectations import expectations
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment
from support.event_runs import SendingRun, plan_events, weekday_tick
from support.examples import tick
from support.log_rows import Log
from support.task_work import context

RUN, OTHER_RUN = run_id("START73H"), run_id("START80H")
RAJESH, GANESH = partner_id("RAJESH"), partner_id("GANESH")
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
WEEKDAYS = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)
"""Two weeks of November from a Monday; RUN is started on that Monday, an hour before the tick."""


def at(day: int) -> dt.datetime:
    """The tick of a day of November."""
    return TICK - dt.timedelta(days=23 - day)


@pytest.fixture
def one_run(deployment: Deployment, shop: Session) -> None:
    """A shop of one run, started on Monday 2 November at 9:00 IST, of which nobody has reported anything."""
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [RUN])
    shop.execute("DELETE FROM production_run_activity")
    shop.execute(
        "UPDATE production_runs SET created_at = %(before)s, dispatch_completed_at = NULL, accepted_at = %(before)s,"
        " started_at = %(start)s, produced_quantity = NULL",
        {"before": at(1), "start": at(2) - HOUR},
    )


def report(shop: Session, produced: float | None, run: str = RUN) -> None:
    shop.execute("UPDATE production_runs SET produced_quantity = %s WHERE id = %s", [produced, run])


def enter(shop: Session, moment: dt.datetime, run: str = RUN, **columns: Any) -> None:
    row = {"activity_type": "note", "actor_type": "partner", "partner_id": RAJESH, "kind": None, **columns}
    shop.execute(
        "INSERT INTO production_run_activity"
        " (id, production_run_id, occurred_at, activity_type, actor_type, partner_id, kind)"
        " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s)",
        [run, moment, *row.values()],
    )


def idle_on(day: int, number: int = 1, *, scope: tuple[str, ...] = ()) -> bool:
    """Whether the tick of a day finds RUN idle."""
    of = tick(day=day_of(at(day)), now=at(day), dag_run_id=f"tick of {day}, {number}")
    return find_stuck_runs(of, ReminderKind.IDLE, RunParams(production_run_ids=scope))["found"] > 0


def idle_days(deployment: Deployment, shop: Session, reports: dict[int, float | None]) -> list[int]:
    """The days on which RUN is found idle by ticks that start a minute late.

    Args:
        deployment: The package.
        shop: The shop.
        reports: What is reported shortly before the tick of which day.
    """
    found = []
    for day in WEEKDAYS:
        if day in reports:
            report(shop, reports[day])
        deployment.now = at(day) + MINUTE
        if idle_on(day):
            found.append(day)
    return found


def quantities(log: Log) -> list[tuple[int, float | None]]:
    """What was noted of RUN, and on which day."""
    found = log.execute("SELECT * FROM produced_quantity_seen WHERE production_run_id = %s ORDER BY number", [RUN])
    return [(row["observed_at"].day, row["produced_quantity"]) for row in found]


WEEKS: dict[str, tuple[dict[int, float | None], list[int]]] = {
    "nothing is ever reported": ({}, [5, 6, 9, 10, 11, 12, 13]),
    "reported before it was first seen": ({2: 5}, [5, 6, 9, 10, 11, 12, 13]),
    "reported once, before it would be idle": ({4: 5}, [9, 10, 11, 12, 13]),
    "reported again over the weekend": ({4: 5, 9: 8}, [13]),
    "reported after a reminder": ({6: 5}, [5, 10, 11, 12, 13]),
    "a figure is corrected downwards": ({2: 8, 5: 6}, [9, 10, 11, 12, 13]),
    "a figure is taken away": ({2: 8, 4: None}, [5, 6, 9, 10, 11, 12, 13]),
    "a figure is lost and comes back": ({2: 8, 4: None, 5: 8}, [5, 6, 9, 10, 11, 12, 13]),
    "none so far, says the partner": ({4: 0}, [9, 10, 11, 12, 13]),
    "steady work": ({4: 1, 6: 2, 10: 3, 12: 4}, []),
}
"""What is reported of a run shortly before the tick of which day, and the days on which it is found idle."""


def test_a_run_is_idle_72_hours_after_its_quantity_was_last_seen_to_change(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    shop.execute(
        "INSERT INTO production_runs SELECT (jsonb_populate_record(run, jsonb_build_object('id', name))).*"
        " FROM production_runs AS run, unnest(%s::text[]) AS name",
        [list(WEEKS)],
    )
    found: dict[str, list[int]] = {name: [] for name in WEEKS}
    for day in WEEKDAYS:
        for name, (reports, _) in WEEKS.items():
            if day in reports:
                report(shop, reports[day], name)
        deployment.now = at(day) + MINUTE
        idle_on(day)
        for run in stuck_of_run(log, f"tick of {day}, 1"):
            found.setdefault(run.production_run_id, []).append(day)

    assert found == {name: days for name, (_, days) in WEEKS.items()} | {RUN: found["nothing is ever reported"]}


def test_by_its_start_alone_it_is_idle_whatever_is_reported(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    deployment.set(idle_signal="started_at")
    enter(shop, at(4))

    assert idle_days(deployment, shop, {4: 1, 6: 2, 10: 3, 12: 4}) == [5, 6, 9, 10, 11, 12, 13]

    assert quantities(log) == []


@pytest.mark.parametrize(("hours", "days"), [(24, [3, 6, 9, 10, 11, 12, 13]), (120, [10, 11, 12, 13]), (24 * 30, [])])
def test_a_partner_s_own_threshold_counts_from_the_last_work(
    deployment: Deployment, shop: Session, one_run: None, hours: int, days: list[int]
) -> None:
    deployment.set(partners={RAJESH: {"thresholds": {"idle": hours}}})

    assert idle_days(deployment, shop, {4: 5}) == days


def test_an_entry_of_the_partner_ends_the_quiet_and_another_s_does_not(
    deployment: Deployment, shop: Session, one_run: None
) -> None:
    enter(shop, at(4) - HOUR)
    enter(shop, at(8), actor_type="admin")
    enter(shop, at(9), activity_type="reminder_sent")

    # 72 hours after the 4th at 9:00 is the Saturday.
    assert idle_days(deployment, shop, {}) == [9, 10, 11, 12, 13]


def log_cloth(shop: Session, moment: dt.datetime, run: str = RUN) -> None:
    shop.execute(
        "INSERT INTO consumption_log (id, design_id, production_run_id, quantity, consumed_by, consumed_at)"
        " VALUES (gen_random_uuid(), 'D', %s, 4.5, 'partner', %s)",
        [run, moment],
    )


SIGNS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "all of them": ({}, [13]),
    "all of them, by the other setting": ({"idle_signal": "work"}, [13]),
    "cloth alone": ({"idle_signals": ["consumption_log"]}, [5, 11, 12, 13]),
    "photos alone": ({"idle_signals": ["media_attached"]}, [5, 6, 9, 13]),
    "the quantity alone": ({"idle_signals": ["produced_quantity"]}, [9, 10, 11, 12, 13]),
    "cloth and photos": ({"idle_signal": "work", "idle_signals": ["media_attached", "consumption_log"]}, [5, 13]),
    "none": ({"idle_signals": []}, [5, 6, 9, 10, 11, 12, 13]),
    "the start": ({"idle_signal": "started_at"}, [5, 6, 9, 10, 11, 12, 13]),
}


@pytest.mark.parametrize("case", SIGNS)
def test_what_is_work_is_what_the_settings_say(deployment: Deployment, shop: Session, one_run: None, case: str) -> None:
    settings, days = SIGNS[case]
    deployment.set(**settings)
    log_cloth(shop, at(6) - HOUR)
    log_cloth(shop, at(7) + HOUR)
    enter(shop, at(9) + HOUR, kind="media_attached", actor_type="admin")

    assert idle_days(deployment, shop, {4: 5}) == days


def test_what_the_partner_before_did_is_no_work_and_neither_is_its_time(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    deployment.set(idle_signals=["consumption_log", "media_attached"])
    log_cloth(shop, at(5))
    enter(shop, at(6) - HOUR, kind="partner_assigned", actor_type="system", activity_type="lifecycle_event")
    enter(shop, at(10), kind="media_attached", actor_type="admin", partner_id=GANESH)

    assert idle_days(deployment, shop, {}) == [9, 10, 11, 12, 13]
    assert [run.since for run in stuck_of_run(log, "tick of 9, 1")] == [at(6) - HOUR]


def test_the_clock_of_what_is_found_is_the_last_work(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    enter(shop, at(4) - HOUR)
    idle_days(deployment, shop, {5: 5})

    assert [run.since for run in stuck_of_run(log, "tick of 9, 1")] == [at(5) + MINUTE]


def test_more_ticks_on_one_day_come_to_the_same_and_note_nothing(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    found = []
    for day in (2, 3, 4, 5, 9):
        report(shop, {2: None, 3: None}.get(day, 5))
        for number, later in ((1, MINUTE), (1, HOUR), (2, 3 * HOUR)):  # then cleared, then another DAG run
            deployment.now = at(day) + later
            found += [day] * idle_on(day, number)

    assert found == [9] * 3
    assert quantities(log) == [(2, None), (4, 5)]


def test_what_is_not_looked_at_is_not_noted(deployment: Deployment, shop: Session, one_run: None, log: Log) -> None:
    deployment.now = at(2) + MINUTE
    assert not idle_on(2, scope=(OTHER_RUN,))
    assert quantities(log) == []

    assert not idle_on(2, scope=(RUN,))
    assert quantities(log) == [(2, None)]


def test_a_backfill_sees_what_each_day_s_own_tick_saw_and_notes_nothing(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    days = idle_days(deployment, shop, {6: 5, 11: 8})
    enter(shop, at(13) + HOUR)
    report(shop, 99)
    deployment.now = at(16)
    noted = quantities(log)

    assert [day for day in WEEKDAYS if idle_on(day, number=2)] == days == [5, 10]

    assert quantities(log) == noted == [(2, None), (6, 5), (11, 8)]


def test_a_backfill_of_days_without_ticks_goes_by_the_start_and_the_activity(
    deployment: Deployment, shop: Session, one_run: None, log: Log
) -> None:
    report(shop, 99)
    enter(shop, at(6))
    deployment.now = at(16)

    assert [day for day in WEEKDAYS if idle_on(day)] == [5, 10, 11, 12, 13]

    assert quantities(log) == []


def test_an_older_shop_goes_by_the_start_and_the_quantities(
    deployment: Deployment, altered_shop: Session, one_run: None
) -> None:
    altered_shop.execute("DROP TABLE production_run_activity")
    REMINDERS.preflight(context("run 1"))

    assert idle_days(deployment, altered_shop, {4: 5}) == [9, 10, 11, 12, 13]


def test_tables_of_work_that_cannot_be_read_stop_the_run_and_what_is_no_work_is_not_read(
    deployment: Deployment, altered_shop: Session
) -> None:
    altered_shop.execute("ALTER TABLE consumption_log RENAME TO cloth_log")
    altered_shop.execute("ALTER TABLE cloth_log DROP COLUMN consumed_at")
    deployment.set(tables={"consumption_log": "cloth_log"})
    with pytest.raises(AirflowFailException, match='table "cloth_log" has no column "consumed_at"'):
        REMINDERS.preflight(context("run 1"))

    deployment.set(idle_signal="started_at")
    assert REMINDERS.preflight(context("run 2"))["dag_run_id"] == "run 2"
    altered_shop.execute("ALTER TABLE production_run_activity DROP COLUMN kind")
    with pytest.raises(AirflowFailException, match='table "production_run_activity" has no column "kind"'):
        REMINDERS.preflight(context("run 3"))


@pytest.mark.parametrize("signal", ["work", "started_at"])
def test_the_sample_shop_s_steady_run_is_found_by_its_start_and_not_by_work(
    deployment: Deployment, log: Log, caplog: pytest.LogCaptureFixture, signal: str
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")
    deployment.set(idle_signal=signal)

    find_stuck_runs(tick(), ReminderKind.IDLE, RunParams())

    found = {run.production_run_id for run in stuck_of_run(log, "run 1")}
    kind = "kind" if signal == "work" else "kind_by_start"
    assert found == {id_ for id_, one in expectations().items() if getattr(one, kind) == "idle"}
    assert (run_id("STEADY200H") in found) is (signal == "started_at")
    assert ("3 runs that were started long enough ago to be idle have been worked on since" in caplog.text) is (
        signal == "work"
    )


def hindered(planned: SendingRun) -> dict[str | None, Any]:
    """What hinders which messages of a planned DAG run, looked at again just before the claim."""
    with open_message_log() as connection:
        messages = messages_of(connection, planned.message_ids, TICK)
    found = no_longer_due(planned.tick, messages, planned.params, load_settings())
    return {message.production_run_id: found.get(message.id) for message in messages}


@pytest.mark.parametrize(("signal", "reason"), [("work", SkipReason.MOVED_ON), ("started_at", None)])
def test_a_run_that_was_worked_on_since_the_morning_has_moved_on(
    deployment: Deployment, shop: Session, signal: str, reason: SkipReason | None
) -> None:
    deployment.set(idle_signal=signal)
    names = ("START73H", "START80H", "START72H1S", "PARENTA", "MARKYESTERDAY", "READYAFTER", "ENDSAFTER")
    cloth, by_shop, by_partner, to_come, more, fewer, gone = runs = tuple(map(run_id, names))
    planned = weekday_tick(*runs)
    enter(shop, TICK + HOUR, by_shop, actor_type="admin", partner_id=GANESH)
    enter(shop, TICK + HOUR, by_partner, partner_id=partner_id("ENEA"))
    enter(shop, TICK + 9 * HOUR, to_come, partner_id=partner_id("SYDNEY"))
    log_cloth(shop, TICK + HOUR, cloth)
    report(shop, 2, more)
    report(shop, 29, fewer)
    report(shop, None, gone)

    # Twice, for a task that is tried again: work is not forgotten.
    for minutes in (80, 90):
        deployment.now = TICK + minutes * MINUTE
        worked_on = {cloth: reason, by_partner: reason, more: reason, fewer: reason}
        assert hindered(planned) == worked_on | dict.fromkeys((by_shop, to_come, gone))


def test_a_reminder_that_an_event_asks_for_asks_for_no_quiet(deployment: Deployment, shop: Session) -> None:
    enter(shop, TICK)
    planned = plan_events({"event": "reminder_idle", "production_run_id": RUN})
    report(shop, 130)
    deployment.now = TICK + 2 * HOUR

    assert hindered(planned) == {RUN: None}
