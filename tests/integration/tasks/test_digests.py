"""Whole ticks with `digest` on: planned, raced for, looked at again and sent, against the sample shop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from psycopg.rows import DictRow

from partner_messages.database.session import Session
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.history import days_reminded
from partner_messages.message_log.queueing import write_drafts
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import RunRefused, Tick
from partner_messages.planning import find
from partner_messages.planning import plan_reminders as plan
from partner_messages.planning.plan_reminders import templates_of_reminders
from partner_messages.tasks import preflight as checks
from sandbox.connections import PORTAL, PORTAL_SECRET
from sandbox.shop import partner_id, run_id
from support.at_once import at_once
from support.deployment import TICK, Deployment, run_pass
from support.event_runs import SendingRun, tell, weekday_tick
from support.log_rows import Log, change, ends, everything, put, slots
from support.sending import taken
from support.submitted import submit_templates

TEMPLATE = "jyt_production_run_digest_v1"
RAJESH, MEERA = partner_id("RAJESH"), partner_id("MEERA")
SENT25H, SENT10D, ACCEPTED, STARTED = runs = [run_id(one) for one in ("SENT25H", "SENT10D", "ACCEPT25H", "START73H")]
CONTEXT = f"{RAJESH}:digest:2026-11-23"


@pytest.fixture(autouse=True)
def _with_digests(deployment: Deployment) -> None:
    deployment.set(senders=["in"], digest=True)
    submit_templates([TEMPLATE])


def only_digest(log: Log) -> DictRow:
    (found,) = [row for row in everything(log) if row["message_kind"] == "digest"]
    return found


def spoken_of(log: Log, row: DictRow) -> set[str]:
    found = log.execute("SELECT production_run_id FROM message_run WHERE message_id = %s", [row["id"]]).fetchall()
    return {one["production_run_id"] for one in found}


def found(name: str, params: RunParams) -> Tick:
    """A run of the DAG up to the point where it plans."""
    tick = Tick.from_xcom(checks.preflight(run_pass(name), params.delivery, templates_of_reminders))
    for kind in ReminderKind:
        find.find_stuck_runs(tick, kind, params)
    return tick


def accepted(shop: Session, *run_ids: str) -> None:
    shop.execute("UPDATE production_runs SET accepted_at = %s WHERE id = ANY (%s)", [TICK, list(run_ids)])


@pytest.mark.usefixtures("a_task_each")
def test_four_runs_are_one_message_whose_button_signs_the_partner_in_to_the_oldest(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    run = weekday_tick(*runs)
    run.send()

    (message,) = graph_api.outbox()
    row = only_digest(log)
    assert ends(log) == [(CONTEXT, "sent")]
    assert run.batches[0]["label"].endswith(" · digest")
    assert taken(graph_api) == [str(row["id"])]
    assert (message["template_name"], message["language"], message["text"]) == (TEMPLATE, "hi", row["body_text"])
    assert "2 रन पर आपका जवाब बाकी है, 1 शुरू नहीं हुआ है, 1 बिना अपडेट के है" in row["body_text"]
    assert spoken_of(log, row) == set(runs)
    (button,) = message["buttons"]
    assert button["text"] == "यह रन खोलें"
    bare, _, token = button["url"].partition("?wa_token=")
    claims = jwt.decode(
        token, PORTAL_SECRET, algorithms=["HS256"], issuer="jyt-whatsapp", options={"verify_exp": False}
    )
    assert bare == f"{PORTAL}/production-runs/{SENT10D}"
    assert (claims["run_id"], claims["sub"]) == (SENT10D, RAJESH)
    assert claims["iat"] == int(deployment.now.timestamp())
    assert token not in str(log.execute("SELECT message_log::text FROM message_log").fetchall())


def test_every_run_of_it_counts_as_reminded_that_day(log: Log) -> None:
    weekday_tick(*runs).send()
    change(log, only_digest(log)["id"], day="2026-11-20", context_id=f"{RAJESH}:digest:2026-11-20")
    log.execute("UPDATE message_run SET day = '2026-11-20'")
    log.execute("UPDATE stuck_run SET day = '2026-11-20'")

    later = weekday_tick(*runs, run_id="tick 2").tick

    assert days_reminded(log, later).keys() == set(runs)


def test_the_same_day_again_tells_nothing_again(log: Log, graph_api: Any) -> None:
    weekday_tick(*runs).send()

    again = weekday_tick(*runs, run_id="tick 2")

    assert again.batches == []
    found = [row for row in everything(log) if row["skip_reason"]]
    assert {(row["production_run_id"], row["skip_reason"]) for row in found} == {(one, "duplicate") for one in runs}
    assert {row["duplicate_of"] for row in found} == {only_digest(log)["id"]}


def test_runs_that_come_due_after_a_digest_have_a_second_one(log: Log, graph_api: Any) -> None:
    weekday_tick(SENT10D, STARTED).send()
    weekday_tick(*runs, run_id="tick 2").send()

    assert [end for end in ends(log) if "digest" in end[0]] == [(CONTEXT, "sent"), (f"{CONTEXT}:2", "sent")]
    assert len(graph_api.outbox()) == 2
    assert len(slots(log)) == 4


def test_what_was_queued_for_some_of_the_runs_makes_room_for_one_message_of_all(log: Log, graph_api: Any) -> None:
    weekday_tick(SENT10D, STARTED)

    weekday_tick(*runs, run_id="tick 2").send()

    assert ends(log) == [(CONTEXT, "moved_on"), (f"{CONTEXT}:2", "sent")]
    assert len(graph_api.outbox()) == 1
    assert slots(log).keys() == set(runs)


def test_what_was_queued_for_more_runs_than_are_looked_at_goes_out_with_all_of_them(log: Log, graph_api: Any) -> None:
    weekday_tick(*runs)

    weekday_tick(SENT10D, run_id="tick 2").send()

    assert ends(log) == [(CONTEXT, "sent")]
    assert spoken_of(log, only_digest(log)) == set(runs)


def test_a_dry_run_rehearses_the_digest_and_asks_meta_nothing(log: Log, graph_api: Any, deployment: Deployment) -> None:
    deployment.set(senders=["in"], digest=True, delivery="dry_run")
    before = graph_api.requests()["total"]

    weekday_tick(*runs).send()

    assert ends(log) == [(CONTEXT, "rehearsed")]
    assert graph_api.requests()["total"] == before


@pytest.mark.parametrize("refused", ["REJECTED", "PAUSED"])
def test_without_an_approved_digest_every_run_has_its_own_message_and_the_log_says_so(
    log: Log, graph_api: Any, caplog: pytest.LogCaptureFixture, refused: str
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")
    graph_api.change_template(graph_api.accounts["IN"].waba_id, TEMPLATE, status=refused)

    weekday_tick(*runs).send()

    assert ends(log) == sorted((f"{one}:reminder:2026-11-23", "sent") for one in runs)
    assert f"1 partners get more than one message (a part was queued before, or {TEMPLATE}" in caplog.text


def test_the_gate_asks_for_the_digest_only_where_the_setting_is_on(
    deployment: Deployment, graph_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    graph_api.change_template(graph_api.accounts["IN"].waba_id, TEMPLATE, status="REJECTED")

    checks.preflight(run_pass("on"), "auto", templates_of_reminders)
    assert f"Not sendable by in: {TEMPLATE} in hi is rejected" in caplog.text

    caplog.clear()
    deployment.set(senders=["in"], digest=False)
    checks.preflight(run_pass("off"), "auto", templates_of_reminders)
    assert TEMPLATE not in caplog.text


def test_a_run_that_moved_on_leaves_the_digest_before_it_is_sent(log: Log, shop: Session, graph_api: Any) -> None:
    run = weekday_tick(*runs)
    accepted(shop, SENT10D)

    run.send()

    (message,) = graph_api.outbox()
    row = only_digest(log)
    assert row["status"] == "sent"
    assert row["variables"]["counts"] == "1 रन पर आपका जवाब बाकी है, 1 शुरू नहीं हुआ है, 1 बिना अपडेट के है"
    assert row["variables"]["run_id"] == STARTED
    assert message["text"] == row["body_text"]
    assert f"/production-runs/{STARTED}?" in message["buttons"][0]["url"]
    assert spoken_of(log, row) == slots(log).keys() == {SENT25H, ACCEPTED, STARTED}
    (left,) = [one for one in everything(log) if one["skip_reason"]]
    assert (left["production_run_id"], left["skip_reason"], left["partner_id"]) == (SENT10D, "moved_on", RAJESH)
    assert left["variables"] == {"digest": str(row["id"])}


def test_a_run_that_is_left_alone_since_planning_leaves_the_digest(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    run = weekday_tick(*runs)
    deployment.set(runs={SENT10D: {"never": True}})

    run.send()

    assert spoken_of(log, only_digest(log)) == {SENT25H, ACCEPTED, STARTED}
    (left,) = [one for one in everything(log) if one["skip_reason"]]
    assert (left["production_run_id"], left["skip_reason"]) == (SENT10D, "paused")


def test_with_one_run_left_it_still_goes_out_in_the_singular(log: Log, shop: Session, graph_api: Any) -> None:
    run = weekday_tick(SENT10D, SENT25H)
    accepted(shop, SENT10D)

    run.send()

    (message,) = graph_api.outbox()
    assert "1 रन पर आपका जवाब बाकी है।" in message["text"]
    assert slots(log) == {SENT25H: only_digest(log)["id"]}


def test_with_nothing_left_it_has_moved_on(log: Log, shop: Session, graph_api: Any) -> None:
    run = weekday_tick(SENT10D, SENT25H)
    accepted(shop, SENT10D, SENT25H)

    run.send()

    assert graph_api.outbox() == []
    assert ends(log) == [(CONTEXT, "moved_on")]
    assert slots(log) == {}


def test_a_run_that_the_shop_reminded_of_meanwhile_leaves_it_for_that_reason(log: Log, shop: Session) -> None:
    run = weekday_tick(*runs)
    shop.execute("UPDATE production_runs SET last_reminded_at = %s WHERE id = %s", [TICK, ACCEPTED])

    run.send()

    assert (f"{ACCEPTED}:reminder:2026-11-23", "already_in_shop") in ends(log)
    assert only_digest(log)["status"] == "sent"


def test_a_run_that_is_stuck_elsewhere_by_now_is_told_of_as_it_is(log: Log, shop: Session) -> None:
    run = weekday_tick(SENT10D, SENT25H)
    shop.execute("UPDATE production_runs SET accepted_at = %s - interval '30 hours' WHERE id = %s", [TICK, SENT10D])

    run.send()

    assert only_digest(log)["variables"]["counts"] == "1 रन पर आपका जवाब बाकी है, 1 शुरू नहीं हुआ है"
    assert spoken_of(log, only_digest(log)) == {SENT10D, SENT25H}


def test_a_run_that_went_to_another_partner_leaves_it(log: Log, shop: Session) -> None:
    run = weekday_tick(*runs)
    shop.execute("UPDATE production_runs SET partner_id = %s WHERE id = %s", [MEERA, SENT10D])
    # Whoever has the same phone is somebody else all the same.
    shop.execute(
        "UPDATE partner SET (whatsapp_number, whatsapp_verified) ="
        " (SELECT whatsapp_number, whatsapp_verified FROM partner WHERE id = %s) WHERE id = %s",
        [RAJESH, MEERA],
    )

    run.send()

    assert spoken_of(log, only_digest(log)) == {SENT25H, ACCEPTED, STARTED}
    assert (f"{SENT10D}:reminder:2026-11-23", "moved_on") in ends(log)


@pytest.mark.parametrize(
    ("change_of", "reason"),
    [
        (
            "UPDATE messaging_conversation SET partner_id = %s, phone_number = '+919829012345', status = 'active',"
            " metadata = '{\"consent_given\": false}'",
            "no_consent",
        ),
        ("UPDATE partner SET status = 'inactive' WHERE id = %s", "partner_inactive"),
        ("UPDATE partner SET whatsapp_number = '+919829099999' WHERE id = %s", "moved_on"),
    ],
)
def test_a_partner_who_is_not_to_be_written_to_there_any_more_gets_nothing(
    log: Log, shop: Session, graph_api: Any, change_of: str, reason: str
) -> None:
    run = weekday_tick(*runs)
    assert shop.execute(change_of.encode(), [RAJESH]).rowcount

    run.send()

    assert graph_api.outbox() == []
    assert ends(log) == [(CONTEXT, reason)]


def test_nothing_is_written_where_nothing_has_changed(log: Log) -> None:
    run = weekday_tick(*runs)
    before = only_digest(log)

    run.send()

    assert {name: only_digest(log)[name] for name in ("variables", "body_text")} == {
        name: before[name] for name in ("variables", "body_text")
    }
    assert len(everything(log)) == 1


def test_a_redirected_digest_is_looked_at_again_too(log: Log, shop: Session, graph_api: Any) -> None:
    test_phone = "+919812399999"
    params = RunParams(production_run_ids=tuple(runs), delivery="redirect", redirect_to=test_phone)
    tick = found("redirected", params)
    run = SendingRun(
        tick,
        plan.plan_messages(tick, params),
        {"delivery": "redirect", "redirect_to": test_phone},
    )
    accepted(shop, SENT10D)

    run.send()

    (message,) = graph_api.outbox()
    assert message["to"] == test_phone
    assert message["buttons"][0]["url"] == f"{PORTAL}/production-runs/{STARTED}"


def test_a_reminder_that_an_event_asks_for_is_a_duplicate_of_the_digest(log: Log, graph_api: Any) -> None:
    weekday_tick(*runs).send()

    tell({"event": "production_run.reminder_assignment_pending", "production_run_id": SENT10D})

    assert (f"{SENT10D}:reminder:2026-11-23", "duplicate") in ends(log)
    assert len(graph_api.outbox()) == 1


def before_the_first_writing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    acts = [act]

    def write_late(*written: Any) -> bool:
        if acts:
            acts.pop()()
        return write_drafts(*written)

    monkeypatch.setattr(plan, "write_drafts", write_late)


def test_a_run_that_was_queued_meanwhile_leaves_the_other_runs_a_digest_of_their_own(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_the_first_writing(monkeypatch, lambda: put(log, "sent", SENT10D, by=5, partner_id=RAJESH))

    run = weekday_tick(*runs)

    assert len(run.message_ids) == 1
    assert len(slots(log)) == 4
    queued = next(row for row in everything(log) if row["status"] == "queued")
    assert spoken_of(log, queued) == {SENT25H, ACCEPTED, STARTED}
    assert (f"{SENT10D}:reminder:2026-11-23", "duplicate") in ends(log)


def test_a_plan_that_a_rival_drives_above_the_limit_has_written_nothing(
    log: Log, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.set(senders=["in"], digest=True, confirm_above=2)
    event = {"event_name": "production_run.reminder_assignment_pending", "event_id": "E1"}
    before_the_first_writing(monkeypatch, lambda: put(log, "queued", SENT10D, by=5, partner_id=RAJESH, **event))

    with pytest.raises(RunRefused, match=r"would send 3 messages, more than the 2 .* nothing was written or sent"):
        weekday_tick(*runs, run_id("SENT24H1S"))

    assert ends(log) == [(f"{SENT10D}:reminder:2026-11-23", "queued")]


@pytest.mark.parametrize(
    "others",
    [pytest.param(runs, id="of the same runs"), pytest.param([SENT10D, ACCEPTED], id="of some of the runs")],
)
def test_of_two_plannings_at_once_every_run_is_in_one_message(log: Log, graph_api: Any, others: list[str]) -> None:
    all_of_them, some = (RunParams(production_run_ids=tuple(ids)) for ids in (runs, others))
    one, other = found("one", all_of_them), found("other", some)

    batches = at_once(
        lambda: plan.plan_messages(one, all_of_them),
        lambda: plan.plan_messages(other, some),
    )
    assert slots(log).keys() == set(runs)
    for tick, its in zip((one, other), batches, strict=True):
        SendingRun(tick, its).send()

    assert {row["status"] for row in everything(log)} <= {"sent", "skipped"}
    assert len(taken(graph_api)) == len(set(taken(graph_api))) == len(set(slots(log).values()))
    assert slots(log).keys() == set(runs)


def test_a_plan_that_others_change_again_and_again_is_given_back_to_airflow(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "write_drafts", lambda *_: False)

    with pytest.raises(plan.MessageLogError, match="changed the day's digests 5 times"):
        weekday_tick(*runs)
