"""Pages where something is wrong: an address, a slow database, a setting."""

from __future__ import annotations

import pytest

from partner_messages.message_log import acts
from partner_messages.pages import app
from support.deployment import Deployment
from support.examples import PARTNER_ID, PHONE
from support.log_rows import Log, call_a_person, put
from support.pages import Visitor


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?delivery=zz", '"zz" is none of live, dry_run, redirect'),
        ("/?day=tomorrow", "must be a day such as"),
        ("/?day=0001-01-01", "must be a day of the years"),
        ("/?dya=2026-11-23", '"dya" is no filter here; "day" is.'),
        ("/?day=2026-11-22&day=2026-11-23", '"day" stands there 2 times'),
        ("/people?dag_run=nosuch", "Airflow knows no DAG run nosuch"),
        ("/people?partner=x", '"partner" is no filter here'),
        ("/before?day=2026-11-23", '"day" is no filter here'),
        ("/sending?a=1", '"a" is no filter here'),
        ("/partners/P1?since=2026-11-23", '"since" is no filter here'),
        ("/messages?status=sent&status=failed", '"status" stands there 2 times'),
        ("/effect?days=14&days=28", '"days" stands there 2 times'),
        ("/what-if?idle=1&idle=2", '"idle" stands there 2 times'),
    ],
)
def test_what_a_page_does_not_know_is_an_error_in_words_on_every_page(
    op: Visitor, log: Log, address: str, said: str
) -> None:
    assert said in op.get(address, 400)


def test_a_page_that_takes_too_long_says_so(
    op: Visitor, log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PATIENCE", "50ms")
    with log.transaction():
        log.execute("LOCK TABLE message_log IN ACCESS EXCLUSIVE MODE")
        assert "This took too long" in op.get("/messages", 503)
    assert "No message answers to this." in op.get("/messages")


def test_halting_asks_for_no_statistics_and_no_settings(op: Visitor, deployment: Deployment, log: Log) -> None:
    deployment.set(no_such_setting=1)
    with log.transaction():
        log.execute("LOCK TABLE message_log, stuck_run, message_run, tick IN ACCESS EXCLUSIVE MODE")
        html = op.post("/sending", do="halt", why="wrong texts")
        assert "All sending is halted" in html
        assert "op of ours" in html
    halted = acts.standing_halt(log)
    assert halted is not None
    assert (halted.who, halted.why) == ("op of ours", "wrong texts")
    assert "no_such_setting" in op.get("/", 400)
    assert "no_such_setting" in op.get("/sending")
    del deployment.settings["no_such_setting"]
    deployment.set(halt=True)
    assert "the setting halt is true: sending stays halted" in op.post("/sending", do="go_on", why="corrected")
    assert acts.standing_halt(log) is None


def test_a_wrong_setting_leaves_the_past_to_be_read_and_says_where_it_is_corrected(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    sent = put(log, "sent", "R1")
    call_a_person(log)
    deployment.set(holidays=["IN"], max_reminders="many")
    for page in (
        "/messages",
        f"/messages/{sent}",
        f"/partners/{PARTNER_ID}",
        "/runs/R1",
        "/people",
        "/partners",
        "/templates",
        "/sending",
    ):
        html = op.get(page)
        assert '"max_reminders"' in html, page
        assert "Admin, Variables, partner_messages" in html
    assert f"tel:{PHONE}" in op.get("/people")
    assert op.client.get("/partner-messages/messages.csv").status_code == 200
    for page in ("/", "/before", "/what-if", "/effect"):
        assert "Admin, Variables, partner_messages" in op.get(page, 400), page
