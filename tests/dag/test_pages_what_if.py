"""The page that tries settings over what the ticks have found, and saves them into Airflow's Variable."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.models.variable import Variable
from airflow.utils.session import create_session

from partner_messages.config.settings import VARIABLE
from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from partner_messages.pages import past, what_if
from support.deployment import TICK, Deployment
from support.examples import stuck_run
from support.examples import tick as plain_tick
from support.log_rows import Log, put
from support.pages import Visitor, visitor

DAYS = 5
"""Ticks: the five weekdays before the day of the deployment's clock, which is a Monday."""


@pytest.fixture
def week(op: Visitor, log: Log) -> None:
    """Five ticks that found one run of a partner, and another one of theirs on the last two days."""
    for number in range(DAYS):
        now = TICK - dt.timedelta(days=7 - number)
        tick = plain_tick(number + 1, day=now.date(), now=now)
        log.execute(
            "INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, planned) VALUES (%s, %s, %s, %s, %s, %s, 1)",
            [tick.id, tick.dag_id, tick.dag_run_id, tick.delivery, tick.day, tick.now],
        )
        runs = ["R1", "R2"] if number >= 3 else ["R1"]
        found = [stuck_run(run, since=TICK - dt.timedelta(days=9 if run == "R1" else 5, hours=1)) for run in runs]
        record_stuck(log, tick, ReminderKind.ASSIGNMENT_PENDING, found, observed_at=now)
        for run in runs:
            put(log, "sent", run, day=tick.day, by=number + 1, reminder_kind="assignment_pending", id=uuid.uuid4())


@pytest.fixture
def stored(op: Visitor, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings where they belong: in Airflow's database, and nothing before it."""
    monkeypatch.delenv(f"AIRFLOW_VAR_{VARIABLE.upper()}")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # As the API server has it.
    Variable.set(VARIABLE, json.dumps({**deployment.settings, "cadence": "daily"}), description="Ask Meera first.")
    yield
    Variable.delete(VARIABLE)


def settings_now() -> dict[str, Any]:
    now: dict[str, Any] = json.loads(Variable.get(VARIABLE))
    return now


def figures(html: str) -> dict[str, list[str]]:
    """The rows of all tables, by their first cell."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html, re.DOTALL)
    return {
        re.sub(r"<[^>]*>", "", name).strip(): re.findall(r"<td[^>]*>(.*?)</td>", cells, re.DOTALL)
        for name, cells in rows
    }


def saved(log: Log) -> list[dict[str, Any]]:
    return log.execute("SELECT who, why, before, after, undoes FROM settings_history ORDER BY id").fetchall()


# What it shows


def test_the_settings_of_now_give_what_was_sent_and_others_stand_beside_them(op: Visitor, week: None) -> None:
    html = op.get("/what-if")
    assert figures(html)["Messages"] == ["7"]
    assert "It is a replay of moves that were made under the old messages" in html
    assert "Save as the new settings" not in html

    html = op.get("/what-if?cadence=1,+3&digest=yes&escalate_after=4")
    rows = figures(html)
    assert rows["Messages"] == ["7", "3"]
    assert rows["On the largest day"] == ["2", "1"]
    assert rows["P1"] == ["7", "3"]
    assert rows["On which sending days of a stall"] == ["daily", "1, 3"]
    assert 'name="cadence" value="1, 3"' in html, "the address holds all that was chosen"
    assert html.count('<rect class="now"') == 5
    assert html.count('<rect class="chosen"') == 3


def test_who_would_have_been_escalated_and_when_stands_beside_now(
    op: Visitor, deployment: Deployment, week: None
) -> None:
    deployment.set(escalate_after=5)
    html = op.get("/what-if?escalate_after=4")
    assert re.search(r"no reaction</td><td>Fri 20 Nov 2026</td><td>Thu 19 Nov 2026</td>", html)
    html = op.get("/what-if?cadence=1,+4")
    assert re.search(r"no reaction</td><td>Fri 20 Nov 2026</td><td>not at all</td>", html)


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (None, "not known: the setting prices says nothing"),
        ({"currency": "INR", "utility": {"default": 9, "IN": 0.5}}, "INR 3.50"),
        ({"currency": "INR", "utility": {"IT": 2}}, "INR 0.00, and 7 messages whose price is not known"),
    ],
)
def test_what_it_would_have_cost_by_the_price_list(
    op: Visitor, deployment: Deployment, week: None, prices: Any, said: str
) -> None:
    deployment.set(prices=prices)
    assert figures(op.get("/what-if"))["Cost, at most (UTILITY)"] == [said]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("cadense=daily", '"cadense" is no field of this page; "cadence" is.'),
        ("cadence=often", 'On which sending days of a stall: must be "daily" or days in rising order'),
        ("cadence=7,+3", 'On which sending days of a stall: must be "daily" or days in rising order'),
        ("idle=72h", "Hours until gone quiet: must be a number (hours), such as 72 (a number)."),
        ("idle=", "Hours until gone quiet: must be a number"),
        ("max_reminders=0", "Reminders of a stall, at most: must be 1 or more (a number; empty: never)."),
        ("digest=maybe", "One message for all of a partner's runs: yes or no."),
        ("holidays=IN,+XX", "Whose holidays: must be the code of a country or state"),
        ("holidays_added=tomorrow", 'Further days off: must be a day such as "2026-11-09"'),
        ("send_window=19:00-09:00", "Messages leave (IST): must begin before it ends"),
        ("send_window=9", 'Messages leave (IST): must be a time such as "09:00"'),
        ("days=91", "The days must be a number from 1 to 90."),
        ("delivery=redirect", "live and dry_run are"),
    ],
)
def test_what_cannot_be_is_an_error_in_words(op: Visitor, asked: str, said: str) -> None:
    assert said in op.get(f"/what-if?{asked}", 400)


def test_without_a_tick_there_is_nothing_to_go_through_and_a_history_that_is_too_long_says_so(
    op: Visitor, log: Log, week: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No dry run tick has planned in these 30 days" in op.get("/what-if?delivery=dry_run&days=30")
    monkeypatch.setattr(past, "STALLS", 1)
    assert "ask for fewer days" in op.get("/what-if", 400)


# Saving


def test_settings_are_saved_with_a_reason_and_taken_back_with_another(
    op: Visitor, deployment: Deployment, log: Log, stored: None
) -> None:
    asked = "/what-if?cadence=1,+3,+7+then+weekly&idle=96&escalate_after="
    seen = re.search(r'name="seen" value="(\w+)"', op.get(asked))
    assert seen is not None
    done = op.post(asked, seen=seen.group(1), why="they  feel\nhounded")

    assert "on which sending days of a stall: 1, 3, 7 then weekly (before: daily)" in done
    changed = {"cadence": {"days": [1, 3, 7], "then": "weekly"}, "thresholds": {"idle": 96}, "escalate_after": None}
    assert settings_now() == {**deployment.settings, **changed}
    row = {"who": "op of ours", "why": "they feel hounded", "before": {"cadence": "daily"}, "after": changed}
    assert saved(log) == [{**row, "undoes": None}]
    acts = log.execute("SELECT who, act, detail -> 'after' AS after FROM audit").fetchall()
    assert acts == [{"who": "op of ours", "act": "save_settings", "after": changed}]
    page = op.get("/what-if")
    assert "they feel hounded" in page
    (id_,) = (one["id"] for one in log.execute("SELECT id FROM settings_history").fetchall())

    assert "Taken back" in op.post(f"/what-if/{id_}", opened="/what-if", why="nobody answered")
    assert settings_now() == {**deployment.settings, "cadence": "daily"}, "what was not there is not there again"
    assert saved(log)[1] == {
        "who": "op of ours",
        "why": "nobody answered",
        "before": changed,
        "after": row["before"],
        "undoes": id_,
    }
    with create_session() as session:
        assert session.query(Variable).filter(Variable.key == VARIABLE).one().description == "Ask Meera first."


def test_what_cannot_be_saved_changes_nothing_and_is_in_no_history(
    op: Visitor, deployment: Deployment, log: Log, stored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "/what-if?cadence=1,+3"
    seen = re.search(r'name="seen" value="(\w+)"', op.get(asked))
    assert seen is not None
    before = settings_now()

    assert "Write why" in op.post(asked, seen=seen.group(1), status=400)
    assert "nothing to save" in op.post("/what-if?cadence=daily", opened=asked, seen=seen.group(1), why="w", status=400)
    assert "open it again" in op.post("/what-if?cadence=1,+4", seen=seen.group(1), why="w", status=400)
    assert "no such saving" in op.post("/what-if/7", opened=asked, why="w", status=400)
    assert (settings_now(), saved(log)) == (before, [])

    Variable.update(VARIABLE, json.dumps({**before, "cadence": [2]}))
    assert "open it again" in op.post(asked, seen=seen.group(1), why="w", status=400)
    assert (settings_now()["cadence"], saved(log)) == ([2], [])

    deployment.set(cadence="daily")  # The environment comes before what is stored.
    page = op.get(asked)
    assert "Nothing can be saved here: AIRFLOW_VAR_PARTNER_MESSAGES hides the Variable" in page
    seen = re.search(r'name="_token" value="(\w+)"', op.get("/sending"))
    assert seen is not None
    fields = {"_token": seen.group(1), "why": "w", "seen": what_if.seen(what_if.tried({"cadence": "1, 3"})[0].change)}
    answer = op.send("/what-if?cadence=1,+3", fields)
    assert answer.status_code == 400
    assert "AIRFLOW_VAR_PARTNER_MESSAGES hides" in answer.text
    deployment.patch.delenv(f"AIRFLOW_VAR_{VARIABLE.upper()}")
    assert (settings_now()["cadence"], saved(log)) == ([2], [])


def test_a_history_that_cannot_be_written_saves_nothing(op: Visitor, log: Log, stored: None) -> None:
    asked, before = "/what-if?cadence=1,+3", settings_now()
    seen = re.search(r'name="seen" value="(\w+)"', op.get(asked))
    assert seen is not None
    log.execute("ALTER TABLE settings_history ADD CONSTRAINT nothing CHECK (who = 'nobody')")
    try:
        op.post(asked, seen=seen.group(1), why="w", status=503)
    finally:
        log.execute("ALTER TABLE settings_history DROP CONSTRAINT nothing")
    assert settings_now() == before


def test_what_somebody_has_changed_since_is_not_taken_back_over_their_head(op: Visitor, log: Log, stored: None) -> None:
    asked = "/what-if?cadence=1,+3"
    seen = re.search(r'name="seen" value="(\w+)"', op.get(asked))
    assert seen is not None
    op.post(asked, seen=seen.group(1), why="first")
    Variable.update(VARIABLE, json.dumps({**settings_now(), "cadence": [1, 5]}))
    (id_,) = (one["id"] for one in log.execute("SELECT id FROM settings_history").fetchall())

    assert "Somebody has changed these settings" in op.post(f"/what-if/{id_}", opened=asked, why="w", status=400)
    assert settings_now()["cadence"] == [1, 5]
    assert len(saved(log)) == 1


def test_who_may_edit_the_dag_but_no_variables_saves_nothing(op: Visitor, log: Log, stored: None) -> None:
    user, before = visitor("user"), settings_now()
    page = user.get("/what-if?cadence=1,+3")
    assert "Who may edit the DAG and Airflow's Variables can save them here." in page
    assert 'name="why"' not in page
    token = re.search(r'name="_token" value="(\w+)"', user.get("/sending"))
    assert token is not None
    answer = user.send("/what-if?cadence=1,+3", {"_token": token.group(1), "why": "w", "seen": "x"})
    assert answer.status_code == 403
    assert "you may not edit Variables" in answer.text
    assert (settings_now(), saved(log)) == (before, [])
