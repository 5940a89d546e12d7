"""The work list: what needs a person is taken on, put off, decided and closed."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from sandbox.shop import partner_id
from support.deployment import Deployment
from support.inbound import hear, reminded
from support.log_rows import Log, call_a_person, put
from support.pages import Visitor
from support.spellings import BOTH_WAYS

RAJESH = partner_id("RAJESH")


def test_the_work_list_has_cries_for_help_first_and_then_the_oldest(op: Visitor, log: Log) -> None:
    reasons = [("no_phone", 3), ("broken_promise", 1), ("maybe_opt_out", 1), ("no_reaction", 20), ("asked_for_help", 1)]
    ids = [call_a_person(log, reason, f"R{days}{reason}", days=days) for reason, days in reasons]
    shown = re.findall(r'<li id="([0-9a-f-]{36})"', op.get("/people"))
    assert shown == [str(ids[place]) for place in (4, 2, 1, 3, 0)]
    assert "5 items" in op.get("/people")


def test_what_was_taken_on_and_not_touched_comes_back(op: Visitor, deployment: Deployment, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    assert "It is yours." in op.post(address, opened="/people", do="assign")
    assert "op of ours has it." in op.get("/people")
    deployment.now += dt.timedelta(days=1)
    assert "op of ours has it." in op.get("/people")
    assert "Noted." in op.post(address, opened="/people", do="note", why="will ring on Thursday")
    deployment.now += dt.timedelta(days=1)
    html = op.get("/people")
    assert "op of ours has it." in html
    assert "will ring on Thursday" in html
    deployment.now += dt.timedelta(days=1)
    assert "back: op of ours had it and did nothing for two sending days" in op.get("/people")


def test_what_is_put_off_is_out_of_the_way_until_its_day(op: Visitor, deployment: Deployment, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    refused = op.post(address, opened="/people", do="put_off", why="fair", until="2026-11-23", status=400)
    assert "a later one than today" in refused
    assert "comes back by itself" in op.post(address, opened="/people", do="put_off", why="fair", until="2026-11-26")
    assert "0 items" in op.get("/people")
    deployment.now += dt.timedelta(days=3)
    assert "1 item" in op.get("/people")


def test_an_item_is_closed_once_and_a_doubt_about_stop_is_decided(op: Visitor, log: Log) -> None:
    address, doubt = f"/people/{call_a_person(log)}", f"/people/{call_a_person(log, 'maybe_opt_out', 'R2')}"
    assert "Write why" in op.post(address, opened="/people", do="close", status=400)
    assert "Closed." in op.post(address, opened="/people", do="close", why="they begin tomorrow")
    again = op.post(address, opened="/people", do="close", why="me too", status=400)
    assert "op of ours has closed it already: they begin tomorrow" in again
    assert "Decide whether" in op.post(doubt, opened="/people", do="close", why="no", status=400)
    (one,) = log.execute("SELECT who, why FROM audit WHERE act = 'close_escalation'").fetchall()
    assert (one["who"], one["why"]) == ("op of ours", "they begin tomorrow")


def test_an_answer_to_a_digest_shows_the_other_runs_that_it_was_about(op: Visitor, log: Log) -> None:
    reminded(log, *(f"R{one:02}" for one in range(1, 13)))
    hear(log, "help")

    said = re.search(r"They were written to about 11 more: (.*?)</p>", op.get("/people"), re.DOTALL)

    assert said is not None
    assert re.findall(r'/runs/(\w+)"', said[1]) == [f"R{one:02}" for one in range(2, 12)]
    assert said[1].endswith("and 1 more.")


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
def test_what_a_partner_wrote_is_on_their_page_however_meta_spells_their_phone(
    op: Visitor, log: Log, ours: str, theirs: str
) -> None:
    put(log, "sent", partner_id=RAJESH, to_phone=ours)
    hear(log, "the loom is broken", sender=theirs)
    hear(log, "STOP", sender=theirs)

    page = op.get(f"/partners/{RAJESH}")
    assert "the loom is broken" in page
    assert "They wrote STOP on" in page
