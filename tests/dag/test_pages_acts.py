"""What is done on the pages lasts, and is written down."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest

from partner_messages.message_log import acts
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.inbound import ANSWERED, hear, reminded, told_somebody
from support.log_rows import Log, call_a_person, put, row
from support.pages import Visitor
from support.ticks import go_through

RAJESH = partner_id("RAJESH")


def test_a_form_says_what_pressing_it_does_and_does_not_say_it_as_if_it_were_so(op: Visitor, log: Log) -> None:
    for page in ("/sending", "/before", f"/partners/{RAJESH}"):
        shown = re.sub(r"\s*If you press this, [^<]*", "", op.get(page))
        assert not re.search(r"is claimed any more|(is|are) sent to them before|may leave with", shown), page
    acts.halt(log, who="Asha", why="wrong texts", now=TICK)
    assert "If you press this, what waits is sent" in op.get("/sending")


def test_an_act_without_a_reason_is_refused_in_words(op: Visitor, log: Log) -> None:
    assert "Write why." in op.post("/sending", do="halt", status=400)
    assert acts.standing_halt(log) is None


def test_what_is_not_known_is_settled_once(op: Visitor, log: Log) -> None:
    unknown = put(log, "unknown", claimed_at=TICK)
    done = op.post(f"/messages/{unknown}", outcome="did_not_arrive", why="asked them")
    assert "may be reminded again today" in done
    assert (row(log, unknown)["status"], row(log, unknown)["settled_by"]) == ("failed", "op of ours")
    refused = op.post(f"/messages/{unknown}", opened="/sending", outcome="arrived", why="no", status=400)
    assert "only one that is unknown" in refused
    assert "asked them" in op.get(f"/messages/{unknown}")


def test_a_partner_is_opted_out_and_back(op: Visitor, deployment: Deployment, log: Log) -> None:
    put(log, "sent", partner_id=RAJESH)
    page = f"/partners/{RAJESH}"
    assert "is not written to any more" in op.post(page, do="told_us", why="on the phone")
    assert "The partner has opted out" in op.get(page)
    deployment.now += dt.timedelta(minutes=1)
    assert "taken back" in op.post(page, do="undo", why="another partner was meant")
    assert "has opted out" not in op.get(page)
    said = log.execute("SELECT act, who FROM audit ORDER BY id").fetchall()
    assert [(one["act"], one["who"]) for one in said] == [
        ("opt_out", "op of ours"),
        ("undo_opt_out", "op of ours"),
    ]


def test_an_opt_out_by_hand_that_their_own_start_has_lifted_stands_on_no_page(op: Visitor, log: Log) -> None:
    reminded(log, partner_id=RAJESH)
    told_somebody(log, RAJESH, at=ANSWERED)
    assert "The partner has opted out" in op.get(f"/partners/{RAJESH}")

    hear(log, "START", at=ANSWERED + dt.timedelta(minutes=1))

    assert "has opted out" not in op.get(f"/partners/{RAJESH}")


@pytest.mark.parametrize(
    ("do", "said", "is_out"),
    [("was_stop", "It was a STOP: the partner is not", True), ("was_no_stop", "is written to as before", False)],
)
def test_what_sounded_like_stop_is_decided_on_the_partner_s_page(
    op: Visitor, viewer: Visitor, deployment: Deployment, log: Log, do: str, said: str, is_out: bool
) -> None:
    page = f"/partners/{RAJESH}"
    reminded(log, partner_id=RAJESH)
    assert "sounds like STOP" not in op.get(page)
    hear(log, "please stop, +919829012345", edited=True)
    deployment.now = ANSWERED + dt.timedelta(minutes=1)

    shown = "What they wrote on Mon 23 Nov, 10:30 sounds like STOP: “please stop,"
    assert shown in op.get(page)
    assert "text, edited: please stop, +919829012345" in op.get(page)
    assert "(edited, so it counts as no word)" in op.get("/people")
    assert shown in viewer.get(page)
    assert "98290" not in viewer.get(page)
    assert "It was none" not in viewer.get(page)
    assert said in html.unescape(op.press(page, "It was none", do=do, why="rang them").text)

    assert shown not in op.get(page)
    assert ("has opted out" in op.get(page)) is is_out
    (one,) = log.execute("SELECT act, who, why FROM audit").fetchall()
    assert tuple(one.values()) == ("decide_opt_out", "op of ours", "rang them")
    assert "0 items" in op.get("/people")


def test_a_doubt_about_stop_of_which_only_the_item_is_left_is_decided_there_too(op: Visitor, log: Log) -> None:
    put(log, "sent", partner_id=RAJESH)
    call_a_person(log, "maybe_opt_out", partner_id=RAJESH)
    page = f"/partners/{RAJESH}"

    assert "is written to as before" in op.press(page, "It was none", do="was_no_stop", why="rang them").text
    assert "sounds like STOP" not in op.get(page)


def test_a_promise_is_entered_for_a_run_that_is_stuck(op: Visitor, log: Log) -> None:
    go_through(log)
    found = log.execute("SELECT production_run_id FROM stuck_run WHERE partner_id IS NOT NULL").fetchone()
    assert found is not None
    page = f"/runs/{found['production_run_id']}"
    assert "Reminded on Tue 24 Nov 2026, Wed 25 Nov 2026" in op.get(page)
    assert "Nobody is reminded" in op.post(page, until="2026-11-26", why="on the phone")
    assert "moves by Thu 26 Nov 2026" in op.get(page)
    assert "Reminded on Fri 27 Nov 2026, Mon 30 Nov 2026" in op.get(page)
    assert "has gone by" in op.post(page, until="2026-11-02", why="on the phone", status=400)
