"""Slips of the finger and two people at once: what the pages refuse, in which words, and what is then still there."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest

from partner_messages.message_log.left_alone import leave_alone
from partner_messages.ops import hold_by_hand as holding
from partner_messages.pages import app
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.log_rows import Log, call_a_person, put
from support.pages import Visitor, visitor
from support.ticks import go_through

RAJESH = partner_id("RAJESH")


def test_a_day_that_is_too_far_ahead_is_refused_and_the_latest_is_named(op: Visitor, log: Log) -> None:
    go_through(log)
    found = log.execute("SELECT production_run_id FROM stuck_run WHERE partner_id IS NOT NULL").fetchone()
    assert found is not None
    run, item = f"/runs/{found['production_run_id']}", f"/people/{call_a_person(log)}"
    assert 'max="2026-12-24"' in op.get(run)
    assert 'max="2027-11-24"' in op.get("/people")
    for day in ("2026-12-25", "2028-01-01", "9999-12-31"):
        assert "the latest day is Thu 24 Dec 2026" in op.post(run, until=day, why="on the phone", status=400)
    for day in ("2027-11-25", "9999-12-31"):
        refused = op.post(item, opened="/people", do="put_off", why="fair", until=day, status=400)
        assert "the latest day is Wed 24 Nov 2027" in refused
        refused = op.post(f"/partners/{RAJESH}", do="leave_alone", why="fair", until=day, status=400)
        assert "the latest day is Wed 24 Nov 2027" in refused
    assert log.execute("SELECT FROM promise").fetchall() == log.execute("SELECT FROM left_alone").fetchall() == []
    with pytest.raises(Exception, match="the latest day is Wed 24 Nov 2027"):
        holding.hold_by_hand({"hold": "hold", "hold_day": "2028-01-03", "hold_by": "Asha", "hold_why": "fair"})


def test_taking_on_binds_to_who_had_it_when_it_was_shown(op: Visitor, admin: Visitor, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    assert "It is yours." in op.post(address, opened="/people", do="assign", had="")
    told = admin.post(address, opened="/people", do="assign", had="")
    assert "op of ours has taken it on meanwhile" in told
    assert "op of ours has it." in told
    assert "Take it over from op of ours" in told
    assert "It is yours." in admin.post(address, opened="/people", do="assign", had="op of ours")
    assert "admin of ours has taken it on meanwhile" in op.post(
        address, opened="/people", do="give_back", had="op of ours"
    )
    assert "admin of ours has it." in op.get("/people")


@pytest.mark.parametrize(
    "address",
    [
        "/partners/a%00b",
        "/runs/a%00b",
        "/partners?name=a%00b",
        "/messages?partner=a%00b",
        "/messages?batch=99999999999999999999&task=send_messages&dag=a&dag_run=b",
        "/people?dag_run=a%00b",
        "/preview?of=run&id=a%00b",
    ],
)
def test_what_no_database_takes_is_refused_in_words(op: Visitor, log: Log, address: str) -> None:
    html = op.get(address, 400)
    assert "cannot be" in html
    assert "took too long" not in html


def test_what_no_database_takes_is_refused_in_forms_too(op: Visitor, admin: Visitor, log: Log) -> None:
    item = call_a_person(log)
    for address in (f"/people/{item}", f"/partners/{RAJESH}", "/sending"):
        for do in ("note", "told_us", "halt"):
            assert "cannot be" in op.post(address, opened="/sending", do=do, why="a\0b", status=400)
    refused = admin.post("/what-if/99999999999999999999", opened="/people", why="back", status=400)
    assert "took too long" not in refused
    assert "out of range" in refused
    assert log.execute("SELECT FROM audit").fetchall() == []


def test_what_was_done_by_hand_is_told_with_names_and_until_when(op: Visitor, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    op.post(address, opened="/people", do="put_off", why="fair", until="2026-11-26")
    leave_alone(log, "partner", RAJESH, until=dt.date(2026, 11, 27), who="Asha", why="fair", now=TICK)
    html = op.get("/sending?names=1")
    assert "put off what needs a person until Thu 26 Nov 2026" in html
    assert "left alone until Fri 27 Nov 2026" in html
    assert '/runs/R1"' in html
    assert f'/partners/{RAJESH}"' in html
    assert "Rajesh" in html
    assert "escalation" not in html


def test_a_refusal_names_the_field_of_the_form(op: Visitor, log: Log) -> None:
    for page, fields, said in (
        ("/runs/R1", {"until": "2026-31-01"}, "The day must be written like"),
        (f"/partners/{RAJESH}", {"do": "leave_alone", "until": "1026-01-01"}, "a later one than today"),
        ("/partners/nobody", {"do": "leave_alone", "until": "2026-11-27"}, "nobody"),
        ("/messages/none", {"outcome": "arrived"}, "address"),
    ):
        html = op.post(page, opened="/sending", why="on the phone", status=400, **fields)
        assert said in html.partition('role="alert"')[2]
        for word in ("Param", "param", "promised_", "leave_alone", "Input should"):
            assert word not in html.partition('role="alert"')[2], html


def test_a_refused_act_leads_back_to_its_page(op: Visitor, log: Log) -> None:
    html = op.post(f"/partners/{RAJESH}", do="leave_alone", why="fair", until="2026-11-01", status=400)
    assert "This was not done" in html
    assert f'href="/partner-messages/partners/{RAJESH}"' in html


def test_a_second_click_on_a_hold_is_no_error_and_an_approver_is_told_of_it(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    deployment.set(approve_first=True)
    assert "is held" in op.post("/before", do="hold", why="wrong texts")
    assert "is held" in op.post("/before", do="hold", why="wrong texts")
    refused = visitor("admin").post("/before", do="approve", why="looked", seen="x", status=400)
    assert "The tick is held by op of ours" in refused


def test_who_loses_a_settling_race_is_told_who_has_won(op: Visitor, admin: Visitor, log: Log) -> None:
    unknown = put(log, "unknown", claimed_at=TICK)
    op.post(f"/messages/{unknown}", outcome="arrived", why="asked them")
    refused = admin.post(f"/messages/{unknown}", opened="/sending", outcome="did_not_arrive", why="no", status=400)
    assert "op of ours has said that it arrived" in refused
    assert "lease" not in refused


def test_a_dag_run_that_has_called_for_nobody_is_no_all_clear(
    op: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_a_person(log)
    monkeypatch.setattr(app, "state_of_dag_run", lambda dag_id, run_id: "success")
    html = op.get("/people?dag_run=run+2")
    assert "Nothing needs a person" not in html
    assert "has newly called people for nothing that is open" in html
    assert "1 item of earlier ones" in html


def test_the_file_has_times_that_sort_and_headings_in_words(op: Visitor, log: Log) -> None:
    put(log, "sent", sent_at=TICK)
    (line,) = csv.DictReader(io.StringIO(op.client.get("/partner-messages/messages.csv").content.decode("utf-8-sig")))
    assert line["Sent at"] == "2026-11-23T10:00:00+05:30"
    assert not [heading for heading in line if "_" in heading]


def test_a_list_leads_back_to_the_newest_and_says_how_it_looks_for_a_run(op: Visitor, log: Log) -> None:
    for number in range(60):
        put(log, "sent", f"RUN{number}", sender="in")
    html = op.get("/messages?sender=IN")
    assert "older ones follow" in html
    following = re.search(r'rel="next" href="([^"]*)"', html)
    assert following is not None
    assert "The newest ones" in op.get(f"/messages{following.group(1)}")
    nothing = op.get("/messages?run=RUN")
    assert "A run is found by its whole id" in nothing


def test_the_runs_of_a_partner_can_be_told_apart(op: Visitor, log: Log) -> None:
    go_through(log)
    html = op.get(f"/partners/{RAJESH}")
    found = log.execute("SELECT production_run_id FROM stuck_run WHERE partner_id = %s", [RAJESH]).fetchall()
    assert found
    for row in found:
        assert f"<code>{row['production_run_id']}</code>" in html
