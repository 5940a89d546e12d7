"""On the pages a partner or a run is left alone until a day, and everybody sees who said so."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from partner_messages.message_log.left_alone import leave_alone
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.log_rows import Log, call_a_person, put
from support.pages import Visitor
from support.ticks import go_through

RAJESH = partner_id("RAJESH")


def test_a_partner_is_left_alone_the_tick_says_by_whom_and_it_is_ended(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    page = f"/partners/{RAJESH}"
    refused = op.post(page, do="leave_alone", why="at the fair", until="2026-11-23", status=400)
    assert "a later one than today" in refused
    assert "is left alone until Fri 27 Nov 2026" in op.post(
        page, do="leave_alone", why="at the fair +91 98290 12345", until="2026-11-27"
    )
    assert "Left alone until Fri 27 Nov 2026 by op of ours: at the fair" in op.get(page)
    assert "98290" not in op.get(page)

    go_through(log)

    first = op.get(page).partition("<h3>")[2].partition("<h3>")[0]
    assert "By op of ours until 2026-11-27: at the fair" in first
    (skipped,) = set(re.findall(r"/messages/([0-9a-f-]{36})", first)[:1])
    assert "By op of ours until 2026-11-27: at the fair" in op.get(f"/messages/{skipped}")
    assert "By op of ours until 2026-11-27" in op.get("/messages?reason=paused")
    assert "as always again" in op.post(page, do="write_again", why="back early")
    assert "Left alone" not in op.get(page)
    assert "there is nothing to end" in op.post(page, do="write_again", why="back early", status=400)


def test_the_calendar_of_a_run_knows_of_it_and_the_page_says_what_the_settings_say(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    go_through(log)
    found = log.execute("SELECT production_run_id FROM stuck_run WHERE partner_id = %s", [RAJESH]).fetchone()
    assert found is not None
    page = f"/runs/{found['production_run_id']}"
    assert "Reminded on Tue 24 Nov 2026, Wed 25 Nov 2026" in op.get(page)
    assert "of the run until Wed 25 Nov 2026" in op.post(page, do="leave_alone", why="loom", until="2026-11-25")
    assert "Reminded on Wed 25 Nov 2026, Thu 26 Nov 2026" in op.get(page)

    deployment.set(partners={RAJESH: {"paused_until": "2026-11-27"}})
    html = op.get(page)
    assert "by the setting partners" in html
    assert "the longer of the two holds" in html
    assert "Reminded on Fri 27 Nov 2026, Mon 30 Nov 2026" in html


@pytest.mark.parametrize(("do", "whose"), [("leave_partner", "partner_id"), ("leave_run", "production_run_id")])
def test_what_needs_a_person_can_be_left_alone_from_the_list(op: Visitor, log: Log, do: str, whose: str) -> None:
    go_through(log)
    found = log.execute("SELECT * FROM stuck_run WHERE partner_id = %s", [RAJESH]).fetchone()
    assert found is not None
    id_ = call_a_person(log, run_id=found["production_run_id"], partner_id=RAJESH)
    done = op.post(f"/people/{id_}", opened="/people", do=do, why="at the fair", until="2026-11-26")
    assert "until Thu 26 Nov 2026" in done
    assert "With the next tick it leaves this list" in done
    (one,) = log.execute("SELECT partner_id, production_run_id, who FROM left_alone").fetchall()
    assert (one[whose], one["who"]) == (found[whose], "op of ours")


def test_what_is_over_is_not_said_of_another_day(op: Visitor, log: Log) -> None:
    leave_alone(log, "partner", RAJESH, until=dt.date(2026, 11, 23), who="Asha", why="fair", now=TICK)
    put(log, "skipped", partner_id=RAJESH, skip_reason="paused")
    assert "By Asha" not in op.get("/messages")
