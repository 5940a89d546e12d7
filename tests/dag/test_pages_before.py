"""The page Before the tick: what would go out, who is left out and why, and what people decide about it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from partner_messages.message_log import before
from partner_messages.message_log.before import approvals_of
from partner_messages.message_log.left_alone import left_alone
from partner_messages.pages import acts
from sandbox.shop import partner_id
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment, airflow_run
from support.examples import DAY, PHONE
from support.log_rows import Log
from support.pages import Visitor, visitor
from support.submitted import LIFECYCLE_TEMPLATES, submit_templates

RAJESH = partner_id("RAJESH")


@pytest.fixture
def op(dags: object, deployment: Deployment, log: Log, shop: Any) -> Visitor:
    """A shop in which only Rajesh's runs are stuck, half an hour before the tick."""
    shop.execute("UPDATE production_runs SET deleted_at = now() WHERE partner_id IS DISTINCT FROM %s", [RAJESH])
    deployment.set(senders=["in"], approve_first=True)
    submit_templates([*LIFECYCLE_TEMPLATES, "jyt_production_run_digest_v1"])
    REMINDERS.preflight({"dag_run": airflow_run("earlier"), "params": {}})  # It reads what Meta has approved.
    deployment.now = TICK - dt.timedelta(minutes=30)
    return visitor("op")


def planned(log: Log) -> None:
    context = {"dag_run": airflow_run("scheduled", run_type="scheduled"), "params": {}}
    tick = REMINDERS.preflight(context)
    for kind in ("assignment_pending", "not_started", "idle"):
        REMINDERS.find_stuck_runs(context, tick, kind)
    REMINDERS.plan_messages(context, tick)


def seen_on(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found is not None
    return found.group(1)


def test_the_batch_is_seen_approved_and_is_what_waits_after_the_tick(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    html = op.get("/before")
    number = html.count('class="phone"')
    assert number > 1
    assert f"The tick of Mon 23 Nov 2026 would send {number} messages" in html
    assert "waits for approval until 12:00; then nothing is sent" in html
    assert "Rajesh" in html
    assert "is more than" not in html
    done = op.post("/before", do="approve", why="looked at all", seen=seen_on(html))
    assert f"Approved: {number} messages" in done
    assert f"op of ours approved {number} messages" in op.get("/before")

    deployment.now = TICK + dt.timedelta(minutes=1)
    planned(log)

    html = op.get("/before")
    assert f"{number} messages not sent yet" in html
    assert html.count(">approved</span>") == number
    assert "not among what was approved" not in html


def test_what_has_changed_since_it_was_shown_is_not_approved(op: Visitor, log: Log, shop: Any) -> None:
    seen = seen_on(op.get("/before"))
    shop.execute("UPDATE partner SET name = 'Another name' WHERE id = %s", [RAJESH])
    refused = op.post("/before", do="approve", why="looked", seen=seen, status=400)
    assert "It has changed since you looked" in refused
    assert approvals_of(log, DAY) == []


def test_nothing_is_approved_where_nobody_waits_for_it(op: Visitor, deployment: Deployment, log: Log) -> None:
    seen = seen_on(op.get("/before"))
    deployment.now = TICK + dt.timedelta(hours=2)
    assert "It is decided already" in op.post("/before", do="approve", why="late", seen=seen, status=400)
    deployment.set(approve_first=False)
    assert "The tick waits for nobody" in op.get("/before")
    assert "approve_first is off" in op.post("/before", do="approve", why="off", seen=seen, status=400)


def test_who_is_left_out_while_the_tick_waits_is_marked_and_no_older_form_approves_it(
    op: Visitor, deployment: Deployment, log: Log, shop: Any
) -> None:
    deployment.now = TICK + dt.timedelta(minutes=1)
    planned(log)
    seen = seen_on(op.get("/before"))
    op.post("/before", do="leave_out", partner_id=RAJESH, why="at the fair")

    html = op.get("/before")
    assert "0 messages not sent yet" in html
    assert "left out" in html
    assert 'value="approve"' not in html
    refused = op.post("/before", do="approve", why="looked", seen=seen, status=400)
    assert "It has changed since you looked" in refused


def test_a_run_that_is_left_alone_meanwhile_is_marked_in_its_digest(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    deployment.set(digest=True)
    deployment.now = TICK + dt.timedelta(minutes=1)
    planned(log)
    spoken_of = "SELECT production_run_id FROM message_run WHERE message_kind = 'digest' AND holds_slot ORDER BY 1"
    (run, *others) = log.execute(spoken_of).fetchall()
    assert others
    acts.leave_alone(
        "run", run["production_run_id"], (DAY + dt.timedelta(days=1)).isoformat(), "op of ours", "at the fair"
    )

    html = op.get("/before")
    assert html.count("left alone: the message goes without it") == 1


def test_a_partner_is_left_out_for_today(op: Visitor, log: Log) -> None:
    done = op.post("/before", do="leave_out", partner_id=RAJESH, why="at the fair")
    assert "is left alone until Tue 24 Nov 2026" in done
    html = op.get("/before")
    assert "would send 0 messages" in html
    assert "paused: The partner is left alone" in html
    (one,) = left_alone(log, DAY)
    assert (one.partner_id, one.until, one.who) == (RAJESH, DAY + dt.timedelta(days=1), "op of ours")


def test_the_tick_is_held_everybody_sees_it_and_it_goes_on(op: Visitor, deployment: Deployment, log: Log) -> None:
    assert "Write why" in op.post("/before", do="hold", status=400)
    assert "is held: nothing of it is claimed" in op.post("/before", do="hold", why="wrong prices")
    assert "The tick of 2026-11-23 is held already, by op of ours" in op.post(
        "/before", do="hold", why="me too", status=400
    )
    for page in ("/before", "/"):
        assert "HELD by op of ours since 2026-11-23 09:30 IST: wrong prices" in op.get(page).replace("is held", "HELD")
    deployment.now = TICK + dt.timedelta(days=1)
    assert "The tick was held by op of ours" in op.get(f"/partners/{RAJESH}")
    deployment.now = TICK
    assert "may go on" in op.post("/before", do="go_on", why="corrected")
    assert "Nobody holds the tick" in op.post("/before", do="go_on", why="again", status=400)
    assert before.standing_holds(log, DAY, DAY) == {}
    assert [one["act"] for one in log.execute("SELECT act FROM audit ORDER BY id")] == ["hold_tick", "let_tick_go_on"]


def test_who_may_only_look_sees_no_number_and_no_form(op: Visitor, log: Log) -> None:
    html = visitor("viewer").get("/before")
    assert 'class="phone"' in html
    assert PHONE not in html
    assert not re.search(r"\+91\d{6}", html)
    assert "<button" not in html


def test_today_says_that_the_tick_waits_for_approval(op: Visitor, deployment: Deployment, log: Log) -> None:
    deployment.now = TICK + dt.timedelta(minutes=1)
    planned(log)
    number = op.get("/before").partition("A run by hand would send")[0].count('class="phone"')
    assert f"THE TICK WAITS FOR APPROVAL until 12:00: {number} messages" in op.get("/")
    log.execute("UPDATE tick SET awaits_approval = false")
    assert "WAITS FOR APPROVAL" not in op.get("/")


def test_once_the_tick_has_planned_what_a_run_by_hand_would_send_is_planned_now(
    op: Visitor, deployment: Deployment, log: Log, shop: Any
) -> None:
    assert "a run by hand" not in op.get("/before"), "its moment is still to come"
    deployment.set(approve_first=False, thresholds={"not_started": 1440, "assignment_pending": 1440})
    deployment.now = TICK + dt.timedelta(minutes=1)
    planned(log)
    deployment.set(thresholds={})
    html = op.get("/before")
    waiting, _, by_hand = html.partition("A run by hand would send")
    assert by_hand.count('class="phone"') > waiting.count('class="phone"')
    deployment.now = TICK + dt.timedelta(hours=10)
    assert "none of it would leave" in op.get("/before"), "outside the send window"


def test_on_a_day_without_a_tick_it_is_planned_as_of_now(op: Visitor, deployment: Deployment, log: Log) -> None:
    deployment.now = TICK - dt.timedelta(days=1) + dt.timedelta(hours=1)  # A Sunday.
    html = op.get("/before")
    assert "There is no scheduled tick on this day (weekend)" in html
    assert "as of Sun 22 Nov, 11:00" in html
    assert "A run by hand would send" in html
    assert "refuse" not in html


def test_a_batch_that_the_tick_would_refuse_says_so(op: Visitor, deployment: Deployment) -> None:
    deployment.set(confirm_above=1)
    assert "more than the 1 that setting confirm_above allows" in op.get("/before")
