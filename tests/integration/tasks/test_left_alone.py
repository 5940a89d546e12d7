"""A partner or a run that somebody has left alone until a day is not written to, by whatever came first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.left_alone import leave_alone, write_again
from partner_messages.message_log.outbox import messages_of
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.sending.recheck import no_longer_due
from sandbox.shop import partner_id, run_id
from support.dag_tasks import UPKEEP
from support.deployment import TICK, Deployment
from support.event_examples import ASSIGNED, conf
from support.event_runs import plan_events, weekday_tick
from support.examples import DAY
from support.log_rows import Log

pytestmark = pytest.mark.usefixtures("one_sender")

RUN, RAJESH = run_id("SENT10D"), partner_id("RAJESH")
SAID: dict[str, Any] = {"who": "Asha", "why": "at the fair", "now": TICK}
OF_PARTNER: Any = ("partner", RAJESH)
OF_RUN: Any = ("run", RUN)


def on(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


def ends(log: Log) -> list[str]:
    return [one["skip_reason"] or one["status"] for one in log.execute("SELECT * FROM message_log").fetchall()]


def by_hand(until: dt.date, what: str = "partner", id_: str = RAJESH, **changes: Any) -> Any:
    said = {"leave_alone": what, "leave_alone_id": id_, "leave_alone_until": until.isoformat()}
    return UPKEEP.leave_alone(
        {"params": {**said, "leave_alone_by": "Asha", "leave_alone_why": "at the fair", **changes}}
    )


@pytest.mark.parametrize("whose", [OF_PARTNER, OF_RUN], ids=["partner", "run"])
@pytest.mark.parametrize(
    ("until", "end"), [(on(1), "paused"), (on(0), "queued")], ids=["until tomorrow", "it is over today"]
)
def test_planning_and_the_look_before_the_claim_heed_it(
    log: Log, deployment: Deployment, whose: Any, until: dt.date, end: str
) -> None:
    queued = weekday_tick(RUN, run_id="before")
    (message,) = messages_of(log, queued.message_ids, TICK)
    assert leave_alone(log, *whose, until=until, **SAID)

    hindered = no_longer_due(queued.tick, [message], {}, load_settings())
    weekday_tick(RUN, run_id="after")

    assert hindered == ({message.id: SkipReason.PAUSED} if end == "paused" else {})
    assert ends(log) == [end]


def test_an_event_heeds_it_as_it_does_the_settings(log: Log, graph_api: Any) -> None:
    leave_alone(log, *OF_PARTNER, until=on(1), **SAID)
    plan_events(conf(ASSIGNED)).send()
    assert (ends(log), graph_api.outbox()) == (["paused"], [])


def test_what_was_said_last_stands_and_what_is_ended_is_over(log: Log) -> None:
    leave_alone(log, *OF_RUN, until=on(9), **SAID)
    leave_alone(log, *OF_RUN, until=on(2), **{**SAID, "who": "Bala"})
    (stands,) = log.execute("SELECT who, until FROM left_alone WHERE ended_at IS NULL").fetchall()
    assert (stands["who"], stands["until"]) == ("Bala", on(2))
    assert not write_again(log, *OF_PARTNER, **SAID), "the run was left alone, not its partner"
    assert write_again(log, *OF_RUN, **SAID)
    assert not write_again(log, *OF_RUN, **SAID), "it is over already"

    weekday_tick(RUN)

    assert ends(log) == ["queued"]
    acts = log.execute("SELECT who, act, subject, detail FROM audit ORDER BY id").fetchall()
    assert [tuple(one.values()) for one in acts] == [
        ("Asha", "leave_alone", RUN, {"until": "2026-12-02"}),
        ("Bala", "leave_alone", RUN, {"until": "2026-11-25"}),
        ("Asha", "write_again", RUN, {}),
    ]


def test_the_setting_is_enough_whatever_a_person_has_ended(log: Log, deployment: Deployment) -> None:
    deployment.set(partners={RAJESH: {"paused_until": on(1).isoformat()}})
    leave_alone(log, *OF_PARTNER, until=on(1), **SAID)
    write_again(log, *OF_PARTNER, **SAID)
    weekday_tick(RUN)
    assert ends(log) == ["paused"]


@pytest.mark.parametrize(("what", "id_"), [("partner", RAJESH), ("run", RUN)])
def test_upkeep_leaves_alone_until_a_day_and_today_ends_it(log: Log, what: str, id_: str) -> None:
    assert by_hand(on(3), what, id_) == "2026-11-26"
    weekday_tick(RUN, run_id="1")
    assert by_hand(on(0), what, id_) is None
    weekday_tick(RUN, run_id="2")
    assert sorted(ends(log)) == ["paused", "queued"]


@pytest.mark.parametrize(
    ("until", "changes", "said"),
    [
        (on(0), {}, "so there is nothing to end; to leave it alone, say a later day than 2026-11-23"),
        (on(367), {}, "the latest day is Wed 24 Nov 2027; for longer, setting partners is meant"),
        (on(1), {"leave_alone_id": "Rajesh"}, "which is no partner's id in the shop"),
        (on(1), {"leave_alone_why": ""}, "leave_alone_why is missing"),
        (on(1), {"leave_alone_until": ""}, "leave_alone_until is missing"),
    ],
)
def test_what_cannot_be_is_refused_in_words(log: Log, until: dt.date, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        by_hand(until, **changes)
    assert log.execute("SELECT FROM left_alone").fetchall() == []


def test_where_nothing_is_asked_for_the_task_is_skipped() -> None:
    with pytest.raises(AirflowSkipException):
        UPKEEP.leave_alone({"params": {"leave_alone": "leave", "leave_alone_id": None}})
