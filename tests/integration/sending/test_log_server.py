"""What the message log's server must be before anything leaves: durable, and at one with the worker on the time."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from psycopg import sql

from partner_messages.deployment import run_context
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.server import check_clocks, what_it_may_forget
from partner_messages.messages.tick import RunRefused
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.tasks import preflight
from support.deployment import Deployment, run_pass
from support.log_rows import Log
from support.sending import SendTask, queue_messages, statuses, taken

pytestmark = pytest.mark.opens_sessions


@pytest.mark.parametrize(
    ("set_to", "becomes"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_session_s_commits_last_whatever_the_database_is_set_to(
    log: Log, deployment: Deployment, set_to: str, becomes: str
) -> None:
    database = sql.Identifier(log.info.dbname)
    log.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = {}").format(database, sql.Literal(set_to)))
    try:
        with open_message_log() as connection:
            (found,) = connection.execute("SHOW synchronous_commit").fetchall()
    finally:
        log.execute(sql.SQL("ALTER DATABASE {} RESET synchronous_commit").format(database))

    assert found["synchronous_commit"] == becomes


def clock_is_off(monkeypatch: pytest.MonkeyPatch, by: dt.timedelta) -> None:
    monkeypatch.setattr(run_context, "machine_clock", lambda: dt.datetime.now(dt.UTC) + by)


@pytest.mark.parametrize("minutes", [-10, -1.1, 1.1, 10])
def test_clocks_that_are_more_than_a_minute_apart_are_refused_and_both_are_named(
    log: Log, monkeypatch: pytest.MonkeyPatch, minutes: float
) -> None:
    clock_is_off(monkeypatch, dt.timedelta(minutes=minutes))

    with pytest.raises(RunRefused, match=r"says \d{4}-\S+ \d\d:\d\d:\d\d and this worker \d{4}-\S+ \d\d:\d\d:\d\d UTC"):
        check_clocks(log)


@pytest.mark.parametrize("seconds", [-50, 0, 50])
def test_clocks_that_are_a_little_apart_will_do(log: Log, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    clock_is_off(monkeypatch, dt.timedelta(seconds=seconds))

    check_clocks(log)


def test_neither_a_run_nor_a_task_of_one_goes_on_where_the_clocks_differ(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = queue_messages(log)
    clock_is_off(monkeypatch, dt.timedelta(minutes=10))

    with pytest.raises(RunRefused, match="clocks"):
        preflight.preflight(run_pass(f"run {uuid.uuid4()}"), "live", lambda _: templates_of("v1"))
    with pytest.raises(RunRefused, match="clocks"):
        send(ids)

    assert (statuses(log, ids), taken(graph_api)) == (["queued"], [])


def test_a_live_run_warns_of_a_server_that_forgets(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    (server,) = log.execute("SELECT current_setting('fsync') AS fsync").fetchall()
    forgets = server["fsync"] == "off"
    assert ("fsync" in (what_it_may_forget(log) or "")) is forgets

    preflight.preflight(run_pass(f"run {uuid.uuid4()}"), "live", lambda _: templates_of("v1"))

    assert ("may have forgotten what was sent" in caplog.text) is forgets
