"""A message log that is another one, or went back in time, is not sent from until somebody has looked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from psycopg.rows import dict_row

from partner_messages.message_log.position import LogPosition, check_position, read_position, trust_log
from partner_messages.messages.tick import RunRefused
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.tasks import preflight
from support.dag_tasks import UPKEEP
from support.deployment import Deployment, run_pass
from support.examples import tick
from support.log_rows import Log
from support.sending import SendTask, queue_messages, statuses, taken
from support.task_work import context

pytestmark = pytest.mark.opens_sessions

MINUTE = dt.timedelta(minutes=1)
SEEN = LogPosition(
    "7713284981918707339", 16384, timeline=3, written=1_000, seen_at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"written": 1_001, "seen_at": SEEN.seen_at + MINUTE}, None),
        ({"written": 999}, "has gone back in time"),
        ({"timeline": 4, "written": 2_000}, "its timeline was 3 and is 4"),
        ({"timeline": 2}, "its timeline was 3 and is 2"),
        ({"system_identifier": "1", "written": 2_000}, "another database"),
        ({"database_id": 5, "written": 2_000}, "another database"),
    ],
)
def test_what_speaks_against_a_log(change: dict[str, Any], why: str | None) -> None:
    said = dataclasses.replace(SEEN, **change).why_not_the_same(SEEN)

    assert (said is None) if why is None else (said is not None and why in said)


def test_a_position_travels_as_json() -> None:
    assert LogPosition.from_json(json.loads(json.dumps(SEEN.to_json()))) == SEEN


def here(log: Log) -> LogPosition:
    """Where the log stands now."""
    found = read_position(log)
    assert found is not None
    return found


def lost_seconds(log: Log) -> dict[str, Any]:
    """What a run would have kept before the log went back."""
    now = here(log)
    return dataclasses.replace(now, written=now.written + 10**12).to_json()


def elsewhere(log: Log) -> dict[str, Any]:
    return dataclasses.replace(here(log), system_identifier="1").to_json()


def promoted(log: Log) -> dict[str, Any]:
    return dataclasses.replace(here(log), timeline=0).to_json()


def test_every_role_may_ask_where_the_log_stands(postgres: Any, log: Log, log_url: str) -> None:
    name = postgres.create_role("asks_only", "secret")
    parts = urlsplit(log_url)
    url = f"postgresql://{name}:secret@{parts.hostname}:{parts.port}{parts.path}"

    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        found = read_position(connection)

    assert found is not None
    assert found.why_not_the_same(dataclasses.replace(here(log), written=0)) is None


def test_a_log_goes_forward_with_what_is_written(log: Log) -> None:
    log.execute("SET synchronous_commit = on")  # as the package's own sessions do
    before = here(log)
    queue_messages(log)

    assert here(log).written > before.written
    assert check_position(log, before.to_json()) is not None
    assert check_position(log, None) is not None


@pytest.mark.parametrize("kept", [lost_seconds, elsewhere, promoted])
def test_a_log_that_is_not_what_it_was_is_refused_until_somebody_trusts_it_anew(
    log: Log, kept: Callable[[Log], dict[str, Any]]
) -> None:
    trust_log(log, by="ops", why="an earlier fail-over")
    seen = kept(log)
    with pytest.raises(RunRefused, match=r"nothing is sent from it: see docs/failover\.md"):
        check_position(log, seen)

    trust_log(log, by="ops", why="nothing was lost")

    assert check_position(log, seen) is not None
    with pytest.raises(RunRefused):
        check_position(log, kept(log))


@pytest.mark.parametrize("kept", [{}, {"written": 1}, "what", {**SEEN.to_json(), "seen_at": "yesterday"}])
def test_a_variable_that_holds_something_else_is_named(log: Log, kept: Any) -> None:
    with pytest.raises(RunRefused, match="Variable partner_messages_log_position"):
        check_position(log, kept)


def test_a_task_of_a_run_that_saw_more_claims_nothing(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 2)
    its_tick = dataclasses.replace(tick(), log_position=lost_seconds(log))

    with pytest.raises(RunRefused, match="gone back in time"):
        send(ids, tick=its_tick)
    assert (statuses(log, ids), taken(graph_api)) == (["queued"] * 2, [])

    trust_log(log, by="ops", why="we looked")
    assert send(ids, tick=its_tick).counts == {"sent": 2}


def test_every_run_that_sends_is_refused_at_its_first_task_until_the_act(
    deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[dict[str, Any]] = []
    monkeypatch.setattr("partner_messages.ops.log_checks.keep_log_position", kept.append)
    monkeypatch.setenv("AIRFLOW_VAR_PARTNER_MESSAGES_LOG_POSITION", json.dumps(lost_seconds(log)))

    def run(delivery: Any) -> dict[str, Any]:
        return preflight.preflight(run_pass(f"run {uuid.uuid4()}"), delivery, lambda _: templates_of("v1"))

    with pytest.raises(RunRefused):
        run("live")
    with pytest.raises(AirflowFailException):
        UPKEEP.sweep(context("upkeep"))
    assert kept == []
    assert run("dry_run")["log_position"] is None

    act = {
        **context("upkeep"),
        "params": {"trusted_by": "ops", "trusted_why": "The last two seconds were resent by hand."},
    }
    assert UPKEEP.sweep(act)["log_position"] == kept[-1]
    assert run("live")["log_position"] == kept[-1]
    (row,) = log.execute("SELECT trusted_by, trusted_why FROM log_trusted").fetchall()
    assert row["trusted_by"] == "ops"


def test_the_act_says_who_and_why(deployment: Deployment) -> None:
    with pytest.raises(AirflowFailException, match="trusted_why is missing"):
        UPKEEP.sweep({**context("upkeep"), "params": {"trusted_by": "ops"}})
