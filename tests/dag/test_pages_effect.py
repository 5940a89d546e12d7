"""The page Does it work?, over a real message log."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from partner_messages.message_log.effect import count_what_came_of_it
from partner_messages.pages import app
from support.deployment import TICK, Deployment
from support.examples import DAY, PARTNER_ID, PHONE
from support.log_rows import Log, put
from support.pages import Visitor
from support.ticks import go_through


def counted(log: Log) -> None:
    while count_what_came_of_it(log, TICK, lambda _: ()):
        pass


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_before_anything_is_counted_it_says_so_and_tells_nothing(op: Visitor, log: Log) -> None:
    put(log, "read")
    text = seen(op.get("/effect"))
    assert "28 days are not counted yet" in text
    assert "Nothing was sent." in text
    assert "It is off." in text
    assert "%" not in text.partition("What have the reminders")[0]


def test_what_was_counted_adds_up(op: Visitor, log: Log) -> None:
    tick = go_through(log)
    counted(log)
    html = op.get("/effect")
    table = html.partition("What became of the messages, as a table")[2].partition("</table>")[0]
    lines = [[int(cell) for cell in re.findall(r'class="number">(\d+)<', line)] for line in table.split("<tr>")[2:]]
    assert all(sum(line[:-1]) == line[-1] for line in lines)
    assert sum(line[-1] for line in lines) == len([*tick.rows, *tick.followups])
    assert "not counted yet" not in html


def test_without_a_webhook_it_is_not_known_and_never_nothing(op: Visitor, log: Log) -> None:
    for number in range(3):
        put(log, "sent", f"R{number}")
    counted(log)
    text = seen(op.get("/effect"))
    assert "How many of the 3 messages that Meta took have arrived is not known" in text
    assert "0 %" not in text


def test_what_is_heard_is_told_as_at_least(op: Visitor, log: Log) -> None:
    at = TICK.astimezone(dt.UTC)
    put(log, "read", "R1", delivered_at_meta=at, pricing_at=at, pricing_category="utility", pricing_billable=True)
    put(log, "delivered", "R2", delivered_at_meta=at)
    put(log, "sent", "R3", sent_at_meta=at)
    put(log, "sent", "R4")
    put(log, "failed", "R5", error_code=131026, failed_at_meta=at)
    counted(log)
    html = op.get("/effect")
    assert "50 % of 4 messages arrived; at least 50 % of those were read" in html
    assert "of 1 more it is not known" in html
    assert "131026" in html
    assert re.search(r"utility</td>.*yes</td><td class=\"number\">1<", html)


def test_the_address_holds_what_is_asked_for(op: Visitor, log: Log) -> None:
    put(log, "sent", "R1", reminder_kind="not_started")
    put(log, "sent", "R2", day=DAY - dt.timedelta(days=20))
    counted(log)
    assert "not known: no webhook" in op.get("/effect?days=14&kind=not_started")
    assert "Nothing was sent" in op.get("/effect?days=14&kind=idle")
    assert "of the 1 messages" in op.get("/effect?kind=idle&days=28")


@pytest.mark.parametrize(
    ("asked", "said"),
    [("days=500", '"500" is none of'), ("kind=lost", '"lost" is none of'), ("partner=P1", '"partner" is no filter')],
)
def test_what_cannot_be_asked_is_said(op: Visitor, asked: str, said: str) -> None:
    assert said in op.get(f"/effect?{asked}", 400)


def test_answers_and_opt_outs_are_counted(op: Visitor, log: Log) -> None:
    at = TICK - dt.timedelta(days=1)
    log.execute(
        "INSERT INTO answer (id, partner_id, phone, phone_number_id, kind, intent, received_at)"
        " VALUES (gen_random_uuid(), %s, %s, '1', 'text', 'help', %s)",
        [PARTNER_ID, PHONE, at],
    )
    log.execute(
        "INSERT INTO partner_preference (phone, kind, value, at, source)"
        " VALUES (%s, 'opted_out', 'stop', %s, 'message')",
        [PHONE, at],
    )
    html = op.get("/effect")
    assert re.search(r"<td>help</td><td class=\"number\">1<", html)
    assert re.search(r"<td>opted out</td><td>by their own word</td><td class=\"number\">1<", html)


def cases(log: Log, held_back: int, reminded: int) -> None:
    """So many cases of each group; half of those moved that were reminded, and none of the others."""
    log.execute(
        "INSERT INTO trial_case (fortnight, partner_id, held_back, production_run_id, kind, since, day, outcome)"
        " SELECT %(day)s, 'P' || n, n <= %(held)s, 'R' || n, 'idle', %(at)s, %(day)s,"
        " CASE WHEN n > %(held)s AND n %% 2 = 0 THEN 'moved' ELSE 'still_stuck' END"
        " FROM generate_series(1, %(all)s) AS n",
        {"day": DAY, "at": TICK, "held": held_back, "all": held_back + reminded},
    )


def test_the_comparison_shows_no_figure_before_it_has_enough_cases(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    deployment.set(control_share=0.1)
    assert "0 of " in seen(op.get("/effect"))
    cases(log, 20, 180)
    text = seen(op.get("/effect"))
    assert "20 of 53 cases without a reminder, beside 180 with one: no figure is shown" in text
    assert "percentage points (95 %" not in text


def test_the_comparison_shows_its_figure_with_how_far_it_may_be_off(op: Visitor, log: Log) -> None:
    cases(log, 60, 540)
    text = seen(op.get("/effect"))
    assert "With reminders 270 of 540 runs moved within 5 ticks, without 0 of 60: +50 percentage points" in text
    assert "95 % interval: +43 to +54" in text


def test_the_page_of_a_run_that_is_held_back_says_until_when(op: Visitor, deployment: Deployment, log: Log) -> None:
    deployment.set(control_share=0.1)
    go_through(log)
    (held,) = log.execute("SELECT production_run_id FROM message_log WHERE skip_reason = 'control_group'").fetchall()
    text = seen(op.get(f"/runs/{held['production_run_id']}"))
    assert "in the control group (setting control_share): nobody is reminded of it before Mon 7 Dec 2026" in text
    assert "Reminded on" not in text
    assert "The reminder was held back to see what reminders do" in text


def test_it_says_politely_when_it_takes_too_long(op: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PATIENCE", "50ms")
    with log.transaction():
        log.execute("LOCK TABLE move_count IN ACCESS EXCLUSIVE MODE")
        assert "This took too long" in op.get("/effect", 503)
