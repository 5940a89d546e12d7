"""What partners have told somebody is entered by hand, and what sounds like STOP is decided."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.message_log import promises
from partner_messages.message_log.preferences import preferences
from partner_messages.messages.tick import RunRefused
from partner_messages.ops.said_by_hand import opt_out_by_hand, promise_by_hand
from sandbox.processes import pauses
from sandbox.shop import partner_id as id_of
from support.dag_tasks import UPKEEP
from support.deployment import TICK
from support.examples import PHONE, tick
from support.inbound import ANSWERED, find, hear, is_out, reminded, told_somebody
from support.log_rows import Log
from support.ticks import tomorrow

RAJESH = id_of("RAJESH")
LONG = 120.0
"""Seconds that nothing here takes."""


def opt_out(choice: str, partner_id: str = RAJESH) -> str:
    given = {"opt_out_partner": partner_id, "opt_out": choice, "opt_out_by": "Asha", "opt_out_why": "They called."}
    return opt_out_by_hand(given)


def audited(log: Log) -> list[tuple[str, str, str]]:
    return [(one["act"], one["who"], one["subject"]) for one in log.execute("SELECT * FROM audit ORDER BY id")]


def test_a_partner_who_told_somebody_is_opted_out_and_a_mistake_is_undone(log: Log, deployment: Any) -> None:
    opt_out("told_us")
    assert is_out(log, partner_id=RAJESH)
    deployment.now += dt.timedelta(minutes=1)
    opt_out("undo")

    assert not is_out(log, partner_id=RAJESH)
    assert audited(log) == [("opt_out", "Asha", RAJESH), ("undo_opt_out", "Asha", RAJESH)]
    with pytest.raises(RunRefused, match="nothing to undo"):
        opt_out("undo")


def test_a_mistake_is_undone_once_what_they_wrote_since_is_decided(log: Log, deployment: Any) -> None:
    reminded(log, partner_id=RAJESH)
    deployment.now = ANSWERED - dt.timedelta(minutes=1)
    opt_out("told_us")
    hear(log, "please don't send")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    with pytest.raises(RunRefused, match="sounds like STOP"):
        opt_out("undo")
    assert preferences(log).waits_for_a_person(RAJESH, PHONE)

    opt_out("was_no_stop")
    deployment.now += dt.timedelta(minutes=1)
    opt_out("undo")
    assert not is_out(log, partner_id=RAJESH)


def test_their_own_stop_is_lifted_by_their_own_word_alone(log: Log, deployment: Any) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "STOP")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    with pytest.raises(RunRefused, match="only their own later message"):
        opt_out("undo")
    assert is_out(log, partner_id=RAJESH)
    hear(log, "START", at=ANSWERED + dt.timedelta(hours=2))
    assert not is_out(log, partner_id=RAJESH)


@pytest.mark.parametrize(("choice", "out"), [("was_stop", True), ("was_no_stop", False)])
def test_what_sounds_like_stop_is_decided_and_closed(log: Log, deployment: Any, choice: str, out: bool) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out(choice)

    assert is_out(log, partner_id=RAJESH) is out
    assert not preferences(log).waits_for_a_person(RAJESH, PHONE)
    assert log.execute("SELECT FROM escalation WHERE closed_at IS NULL").fetchall() == []
    with pytest.raises(RunRefused, match="waits to be decided"):
        opt_out(choice)


@pytest.mark.parametrize("choice", ["told_us", "was_stop", "was_no_stop", "undo"])
@pytest.mark.parametrize(
    ("typed", "hint"),
    [(f"{RAJESH[:-1]}Q", "is no partner's id"), (RAJESH.lower(), RAJESH), ("Rajesh Textiles", RAJESH)],
)
def test_a_partner_whom_the_shop_does_not_have_is_refused_and_the_one_of_that_name_is_told(
    log: Log, deployment: Any, choice: str, typed: str, hint: str
) -> None:
    with pytest.raises(RunRefused, match=f"opt_out_partner names {typed}.*{hint}"):
        opt_out(choice, typed)

    assert audited(log) == []


def test_of_a_partner_whom_the_shop_has_forgotten_an_opt_out_can_be_undone(log: Log, deployment: Any) -> None:
    told_somebody(log, "GONE", "stop", at=ANSWERED)
    deployment.now = ANSWERED + dt.timedelta(minutes=1)

    opt_out("undo", "GONE")

    assert not preferences(log).has_opted_out("GONE", PHONE)


@pytest.mark.parametrize(("choice", "end"), [("was_stop", "opted_out"), ("was_no_stop", "sent")])
def test_what_sounds_like_stop_of_a_partner_never_written_to_is_told_and_decided(
    deployment: Any, log: Log, someone: dict[str, Any], choice: str, end: str
) -> None:
    log.execute("DELETE FROM message_log")
    hear(log, "please don't send me messages", sender=someone["to_phone"], at=TICK + dt.timedelta(hours=1))
    assert log.execute("SELECT FROM escalation WHERE reason = 'maybe_opt_out'").fetchall() == []

    assert tomorrow(log).ends[someone["production_run_id"]] == "answered"

    (one,) = log.execute("SELECT * FROM escalation WHERE reason = 'maybe_opt_out'").fetchall()
    assert (one["partner_id"], one["closed_at"]) == (someone["partner_id"], None)
    assert log.execute("SELECT text FROM answer WHERE id = %s", [one["answer_id"]]).fetchone()
    opt_out(choice, someone["partner_id"])
    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    assert tomorrow(log, 2).ends[someone["production_run_id"]] == end
    assert log.execute("SELECT FROM escalation WHERE reason = 'maybe_opt_out' AND closed_at IS NULL").fetchall() == []


def test_it_is_decided_by_the_phone_that_the_shop_has_now_too(
    deployment: Any, log: Log, someone: dict[str, Any]
) -> None:
    log.execute("DELETE FROM message_log")
    hear(log, "please don't send me messages", sender=someone["to_phone"], at=TICK + dt.timedelta(hours=1))

    opt_out("was_stop", someone["partner_id"])

    assert preferences(log).has_opted_out(someone["partner_id"], someone["to_phone"])


def test_what_was_written_on_a_shared_phone_is_decided_for_all_whom_it_reaches(log: Log, deployment: Any) -> None:
    reminded(log, "R2", partner_id="P2")
    reminded(log, partner_id=RAJESH)
    told_somebody(log, "P2", "stop", at=ANSWERED)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("was_no_stop")

    known = preferences(log)
    assert not known.waits_for_a_person("P2", PHONE)
    assert (known.has_opted_out("P2", PHONE), known.has_opted_out(RAJESH, PHONE)) == (True, False)


def test_who_has_told_somebody_leaves_nothing_to_be_decided(log: Log, deployment: Any) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("told_us")

    assert log.execute("SELECT FROM escalation WHERE closed_at IS NULL").fetchall() == []


def test_that_it_was_none_takes_no_earlier_word_back(log: Log, deployment: Any) -> None:
    opt_out("told_us")
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("was_no_stop")

    assert is_out(log, partner_id=RAJESH)


def promise(run_id: str = "R1", until: str = "2026-11-30") -> str:
    given = {"promised_run": run_id, "promised_until": until, "promised_by": "Asha", "promised_why": "From Monday."}
    return promise_by_hand(given)


def test_a_promise_takes_the_place_of_one_that_a_partner_makes_at_the_same_moment(
    log: Log, log_url: str, deployment: Any
) -> None:
    find(log, tick(1), "R1")
    made = (
        "INSERT INTO partner_messages.promise (id, production_run_id, partner_id, due_on, made_at, source)"
        " VALUES (gen_random_uuid(), 'R1', 'P1', '2026-11-24', %s, 'answer')"
    )

    with psycopg.connect(log_url) as receiver, ThreadPoolExecutor(1) as pool:
        receiver.execute(made, [deployment.now])
        entering = pool.submit(promise)
        waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO promise%'"
        assert any(log.execute(waits).rowcount for _ in pauses(LONG))
        receiver.commit()
        entering.result(LONG)

    assert promises.open_promises(log)["R1"].due_on == dt.date(2026, 11, 30)


def test_a_promise_that_a_later_one_stands_in_the_way_of_is_refused(log: Log, deployment: Any) -> None:
    find(log, tick(1), "R1")
    later = deployment.now + dt.timedelta(seconds=1)
    promises.make_promise(log, "R1", "P1", kind=None, since=None, due_on=dt.date(2026, 11, 24), now=later)

    with pytest.raises(RunRefused, match="has just promised another day for run R1"):
        promise()
    assert audited(log) == []


def test_a_promise_is_entered_for_a_partner_and_the_same_again_is_the_same(log: Log, deployment: Any) -> None:
    find(log, tick(1), "R1")

    promise()
    promise()

    one = promises.open_promises(log)["R1"]
    assert (one.due_on, one.kind, one.source) == (dt.date(2026, 11, 30), "idle", "told_us")
    assert audited(log) == [("make_promise", "Asha", "R1")]


@pytest.mark.parametrize(
    ("run_id", "until", "why"),
    [
        ("R2", "2026-11-30", "never found stuck"),
        ("R1", "2026-11-22", "gone by"),
        ("R1", "2099-12-31", "the latest day is Thu 24 Dec 2026"),
    ],
)
def test_none_is_entered_of_a_run_that_nobody_is_reminded_of_or_for_a_day_that_is_over(
    log: Log, deployment: Any, run_id: str, until: str, why: str
) -> None:
    find(log, tick(1), "R1")

    with pytest.raises(RunRefused, match=why):
        promise(run_id, until)


@pytest.mark.parametrize("task", [UPKEEP.enter_promise, UPKEEP.enter_opt_out])
def test_where_nothing_is_asked_for_the_task_is_skipped(log: Log, deployment: Any, task: Any) -> None:
    with pytest.raises(AirflowSkipException):
        task({"params": {"opt_out": "leave"}})


def test_an_act_that_is_half_given_is_refused(log: Log, deployment: Any) -> None:
    with pytest.raises(AirflowFailException, match="opt_out_by is missing"):
        UPKEEP.enter_opt_out({"params": {"opt_out": "told_us", "opt_out_partner": "P1"}})
