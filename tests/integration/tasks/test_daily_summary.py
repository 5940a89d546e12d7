"""What operations are told of a tick (setting `on_summary`): once, in words, also where it went wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.ops.notifier import check_notifiers
from support.dag_docs import PROJECT
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.ticks import Tick, go_through

AIRFLOW = "https://airflow.example.com"
PAGES = f"{AIRFLOW}/plugin/partner-messages/partner-messages"
TEXT = "{{ summary_title }}|{{ summary_key }}|{{ summary_address }}|{{ summary_text }}"


@pytest.fixture
def told(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which the notifier writes; `fails` beside it makes it fail."""
    args = {"path": str(tmp_path / "told"), "fails_while": str(tmp_path / "fails"), "text": TEXT}
    deployment.set(on_summary={"class": "support.notifier.WritesTheList", "args": args})
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", AIRFLOW)
    return tmp_path / "told"


def said(told: Path) -> list[list[str]]:
    """Title, key, address and text of each that was told."""
    return [one.strip().split("|") for one in told.read_text().split("\n---\n")[:-1]] if told.exists() else []


def test_a_tick_is_told_once_with_what_was_sent_what_was_not_and_whose_turn_it_is(
    deployment: Deployment, log: Log, told: Path
) -> None:
    tick = go_through(log)
    ((title, key, address, text),) = said(told)
    sent, skipped = tick.by("status")["sent"], tick.by("status")["skipped"]
    open_items = log.execute("SELECT count(*) AS n FROM escalation WHERE closed_at IS NULL").fetchone()
    assert open_items is not None
    assert title == f"Mon 23 Nov: {sent} sent, {skipped} not sent, {open_items['n']} to be done by a person"
    assert text.startswith(f"{title} (LIVE).\n\nNot sent:\n- ")
    assert "- 3 no phone: " in text
    assert re.search(r"- 3 no phone: Find a number .* Who has it: nobody yet 3\.", text)
    listed = text.partition("Not sent:")[2].partition("\n\n")[0]
    assert sum(map(int, re.findall(r"^- (\d+)", listed, re.MULTILINE))) == skipped
    assert address == f"{PAGES}/?day=2026-11-23"
    assert f"The day: {PAGES}/?day=2026-11-23&delivery=live" in text
    assert f"{PAGES}/messages?dag=production_run_reminders&dag_run={tick.run_id}".replace("+", "%2B")[:90] in text
    assert f"What needs a person: {PAGES}/people" in text
    assert re.fullmatch(r"[0-9a-f-]{36}", key)
    phones = [row["to_phone"] for row in tick.rows if row["to_phone"]]
    assert phones
    assert not [phone for phone in phones if phone in text]


def test_another_try_tells_the_same_under_the_same_key_until_it_is_told(
    deployment: Deployment, log: Log, told: Path, few_runs: object
) -> None:
    fails = told.with_name("fails")
    fails.touch()
    assert go_through(log).state == "failed"
    assert said(told) == []

    fails.unlink()
    assert go_through(log).state == "success"
    log.execute("UPDATE tick SET told_figures = NULL")
    assert go_through(log).state == "success"  # Another try of it: its process was killed after it had told.
    other = go_through(log, logical_date=None)

    (_, first, _, _), (_, again, _, _), (title, second, _, text) = said(told)
    assert first == again != second
    assert title.startswith("Mon 23 Nov: 0 sent, ")
    assert other.state == "success"
    assert "duplicate" in text


def test_a_rehearsal_is_told_only_where_that_is_asked_for(
    deployment: Deployment, log: Log, told: Path, few_runs: object
) -> None:
    go_through(log, {"delivery": "dry_run"}, logical_date=None)
    deployment.set(delivery="dry_run")
    go_through(log, logical_date=None)
    assert said(told) == []

    deployment.set(on_summary_of_rehearsals=True)
    go_through(log, logical_date=None)

    ((title, _, _, text),) = said(told)
    assert title.startswith("Mon 23 Nov: 0 rehearsed, 5 not sent")
    assert "DRY RUN: nothing was sent" in text


def outcome(tick: Tick, told: Path) -> tuple[str, str]:
    ((title, _, _, text),) = said(told)
    assert tick.run_id
    return title, text


def test_a_tick_that_was_halted_or_failed_says_so_first(
    deployment: Deployment, log: Log, told: Path, few_runs: object
) -> None:
    log.execute("INSERT INTO halt (since, who, why) VALUES (%s, 'Asha', 'the designs are wrong')", [TICK])

    title, text = outcome(go_through(log), told)

    assert title.startswith("HALTED: Mon 23 Nov: 0 sent, 4 waiting")
    assert "Asha" in text
    assert "the designs are wrong" in text


def test_a_tick_that_let_nothing_pass_says_why(deployment: Deployment, log: Log, told: Path) -> None:
    deployment.set(senders=["nowhere"])

    title, text = outcome(go_through(log), told)

    assert title == "FAILED: Mon 23 Nov: nothing was sent"
    assert f"What needs a person: {PAGES}/people" in text


def test_the_example_of_the_docs_is_one() -> None:
    page = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r'```json\n(\{"on_summary".*?)```', page, re.DOTALL)
    check_notifiers(parse_settings(json.loads(example)))
