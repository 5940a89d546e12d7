"""The page of a day: what became of every run, what is in the way, what it has cost."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from partner_messages.config import dag_ids
from partner_messages.message_log import acts
from partner_messages.pages import state
from support.deployment import TICK, Deployment
from support.log_rows import Log, put
from support.pages import Visitor
from support.submitted import submit_templates
from support.ticks import go_through


def test_a_day_adds_up_and_every_run_has_an_end(op: Visitor, deployment: Deployment, log: Log) -> None:
    submit_templates()
    tick = go_through(log)
    html = op.get("/")

    assert tick.returned is not None
    found = tick.returned["found"]
    assert found > 30
    taken, skipped = tick.by("status")["sent"], found - tick.by("status")["sent"]
    assert f"{found} runs were found stuck: {taken} reminded" in html
    assert f"{taken} accepted by Meta and no word yet" in html
    assert f"{skipped} not written to" in html
    feet = [int(number) for number in re.findall(r'<tfoot>.*?class="number">(\d+)', html)]
    cells = re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)[: len(feet)]
    sums = [sum(map(int, re.findall(r'class="number">(\d+)<', cell))) for cell in cells]
    assert sums == feet
    assert sum(feet) == found
    assert "delivered" in html
    assert "none: the webhook has said nothing" in html


def test_each_number_of_a_day_leads_to_as_many_runs(op: Visitor, deployment: Deployment, log: Log) -> None:
    submit_templates()
    deployment.set(senders=["in"])
    go_through(log)
    deployment.now += dt.timedelta(minutes=5)
    go_through(log, logical_date=deployment.now)
    html = op.get("/")
    links = re.findall(r'href="/partner-messages(/messages\?[^"]*&reason=[^"]*)">(\d+) ', html)
    links += re.findall(
        r'href="/partner-messages(/messages\?[^"]*&status=(?!skipped)[^"]*)">.*?class="number">(\d+)<', html, re.DOTALL
    )
    assert len(links) > 5
    for address, number in links:
        assert f"What decided about {number} run" in op.get(address), address
        assert len(set(re.findall(r"/runs/([^\"]+)\"", op.get(address)))) == int(number) or int(number) > 20
    rows = op.client.get("/partner-messages" + links[0][0].replace("/messages?", "/messages.csv?")).text.splitlines()
    assert len(rows) - 1 == int(links[0][1])
    assert "of one day" in op.get("/messages?since=2026-11-20&until=2026-11-23&stuck=idle", 400)


def test_each_partner_of_the_shop_has_a_reason_for_the_day(op: Visitor, log: Log, shop_url: str) -> None:
    go_through(log)
    found = log.execute("SELECT DISTINCT partner_id FROM stuck_run WHERE partner_id IS NOT NULL").fetchall()
    assert len(found) > 20
    for partner in found:
        first = op.get(f"/partners/{partner['partner_id']}").partition("<h3>")[2].partition("<h3>")[0]
        assert first.startswith("Mon 23 Nov 2026"), partner
        assert "See it" in first or "was found stuck" in first


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-22", "No tick: there are none on weekends."),
        ("2026-10-02", "is a holiday (Mahatma Gandhi's Birthday)"),
        ("2026-11-20", "THE TICK DID NOT HAPPEN"),
        ("2026-11-23", "The tick is due and has not planned yet."),
        ("2026-11-25", "The tick is at 10:00."),
    ],
)
def test_a_tick_that_did_not_happen_is_as_visible_as_one_that_did(
    op: Visitor, deployment: Deployment, day: str, said: str
) -> None:
    deployment.set(holidays=["IN"])
    assert said in op.get(f"/?day={day}&delivery=live")


def test_who_paused_the_dag_or_changed_the_settings_is_said(
    op: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.log import Log as Change
    from airflow.utils.session import create_session

    change = Change(event="patch_dag", owner="meera")
    change.dag_id, change.dttm = "production_run_reminders", TICK
    with create_session() as session:
        session.add(change)
    try:
        assert "meera last changed that on Mon 23 Nov, 10:00" in op.get("/")
    finally:
        with create_session() as session:
            session.delete(change)
    monkeypatch.setattr(state, "is_paused", lambda _dag: False)
    log.execute(
        "INSERT INTO audit (at, who, why, act, subject) VALUES (%s, 'asha', 'fewer', 'save_settings', 'settings')",
        [TICK],
    )
    assert "asha last changed the settings on Mon 23 Nov, 10:00" in op.get("/")


def letters(op: Visitor) -> str:
    return re.sub(r"<[^>]*>", "", op.get("/"))


def test_what_halts_or_pauses_is_in_letters(
    op: Visitor, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Sending is PAUSED" in letters(op), "as it is in Airflow until somebody unpauses it"
    monkeypatch.setattr(state, "is_paused", lambda dag: dag == dag_ids.REMINDERS)
    assert "Sending is LIVE, but no new reminders: the DAG production_run_reminders is paused" in letters(op)
    monkeypatch.setattr(state, "is_paused", lambda _dag: False)
    assert "Sending is LIVE" in letters(op)
    deployment.set(delivery="dry_run")
    assert "Sending is DRY RUN" in letters(op)
    acts.halt(log, who="Asha", why="wrong texts", now=TICK)
    assert "Sending is HALTED by Asha since 2026-11-23 10:00 IST: wrong texts" in letters(op)


def test_a_day_with_a_live_tick_is_shown_by_that_whatever_the_setting_says_now(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    go_through(log)
    deployment.set(delivery="dry_run")
    assert "<strong>live</strong>" in op.get("/")
    assert "<strong>dry run</strong>" in op.get("/?day=2026-11-20")


def test_a_day_says_what_it_has_cost_by_what_meta_bills_and_the_price_list(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    for number, category, billable in ((1, "utility", True), (2, "marketing", True), (3, "utility", False)):
        put(
            log,
            "delivered",
            f"R{number}",
            **{"meta_message_id": f"wamid.{number}", "sent_at": TICK, "pricing_at": TICK, "pricing_type": "regular"},
            **{"pricing_category": category, "pricing_billable": billable},
        )
    assert "What it cost: not known: the setting prices says nothing" in op.get("/")
    deployment.set(prices={"currency": "INR", "utility": {"default": 2.5, "IN": 0.115}})
    assert "What it cost: INR 0.12, and 1 message whose price is not known" in op.get("/")
