"""The whole Airflow that `make up` starts, with a day on which the sample shop's partners were reminded."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from psycopg.rows import dict_row

from partner_messages.config.schedule import day_of
from partner_messages.message_log.migrations import SCHEMA
from sandbox import airflow_env, stack
from sandbox.connections import SETTINGS, connections
from sandbox.postgres import Server
from sandbox.processes import pauses
from sandbox.shop import partner_id, run_id
from support import programs
from support.deployment import Deployment
from support.log_rows import Log, call_a_person, put
from support.ticks import go_through


@dataclass(frozen=True)
class AirflowUp:
    """What is up.

    Attributes:
        said: What `make up` printed.
        url: Where Airflow is.
        phones: Where the local Graph API is.
        log: A session with the message log.
        day: The day of the one live tick.
        metadata_url: Airflow's own database.
        scheduler_log: What the scheduler writes.
    """

    said: str
    url: str
    phones: str
    log: Log
    day: dt.date
    metadata_url: str
    scheduler_log: Path

    def token(self, user: str = "ops") -> str:
        """A login of one of the sandbox's users."""
        login = {"username": user, "password": airflow_env.password_of(user)}
        return str(requests.post(f"{self.url}/auth/token", json=login, timeout=60).json()["access_token"])

    def asks(self, user: str = "admin") -> requests.Session:
        """A session with Airflow's API of somebody who is logged in."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token(user)}"
        return session

    @contextlib.contextmanager
    def settings(self, **changes: Any) -> Iterator[requests.Session]:
        """Change settings while the block runs; yields a session of who may do that."""
        ask = self.asks()
        variable = f"{self.url}/api/v2/variables/partner_messages"
        before = ask.get(variable, timeout=30).json()["value"]

        def set_to(value: str) -> None:
            assert ask.patch(variable, json={"key": "partner_messages", "value": value}, timeout=30).ok

        set_to(json.dumps({**json.loads(before), **changes}))
        try:
            yield ask
        finally:
            set_to(before)

    @contextlib.contextmanager
    def unpaused(self, ask: requests.Session) -> Iterator[None]:
        """Let the reminders' DAG run while the block does."""

        def pause(is_paused: bool) -> None:
            assert ask.patch(f"{self.url}/api/v2/dags/{stack.DAG}", json={"is_paused": is_paused}, timeout=30).ok

        pause(False)
        try:
            yield
        finally:
            pause(True)

    def has_ended(self, task: str, run: str) -> bool:
        """Whether the scheduler knows that the process of a task of the reminders' DAG has ended."""
        key = f"Received executor event with state success .*task_id='{task}', run_id='{re.escape(run)}'"
        return re.search(key, self.scheduler_log.read_text()) is not None

    def outbox(self, kind: str = "template") -> list[dict[str, Any]]:
        """What the local Graph API has taken."""
        taken = requests.get(f"{self.phones}/_sandbox/outbox", timeout=10).json()["messages"]
        return [one for one in taken if one["type"] == kind]

    def messages(self, *statuses: str) -> list[uuid.UUID]:
        """The day's live reminders that have one of these statuses."""
        found = self.log.execute(
            "SELECT id FROM message_log WHERE day = %s AND delivery = 'live' AND message_kind = 'reminder'"
            " AND status = ANY (%s) ORDER BY id",
            [self.day, [*statuses]],
        )
        return [row["id"] for row in found]

    def reminder(self, status: str, run: str, partner: str, **columns: Any) -> uuid.UUID:
        """Write a live reminder of the day for one of the sample shop's runs; return its id."""
        return put(self.log, status, run_id(run), day=self.day, partner_id=partner_id(partner), **columns)

    def escalation(self, reason: str, run: str, partner: str, days: int = 9) -> uuid.UUID:
        """Let a run of the sample shop need a person; return the item's id."""
        whose, now = partner_id(partner), dt.datetime.now(dt.UTC)
        return call_a_person(self.log, reason, run_id(run), partner_id=whose, days=days, now=now)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something has come about.

    Raises:
        Failed: It has not within two minutes.
    """
    for _ in pauses(120):
        if condition():
            return
    pytest.fail("it did not come about within two minutes")


@contextlib.contextmanager
def airflow_up(folder: Path) -> Iterator[AirflowUp]:
    """Start `make up` with its data in a folder; with the block it is told to end, and must leave nothing behind."""
    with programs.watching() as left_behind:
        program = programs.start("-m", "sandbox.up", SANDBOX_FOLDER=str(folder), HISTORY="0")
        try:
            said = _until_up(program)
            with _message_log(folder) as log:
                phones = _address("Phones", said)
                metadata = _server(folder).url_of(airflow_env.METADATA)
                day, scheduler_log = _remind(folder, phones, log), folder / "up/scheduler.log"
                yield AirflowUp(said, _address("Airflow", said), phones, log, day, metadata, scheduler_log)
            program.send_signal(signal.SIGTERM)
            rest, _ = program.communicate(timeout=120)
        finally:
            program.kill()
            program.communicate()
        assert program.returncode == 128 + signal.SIGTERM
        assert "everything that was started has ended" in rest
        left = [program for program in left_behind() if "chromium" not in program]  # A test's browser is its own.
        assert not left, left
        assert not list(folder.glob("up/*.json"))


def _until_up(program: subprocess.Popen[str]) -> str:
    said = ""
    while "Ctrl-C ends" not in said:
        assert program.stdout
        line = program.stdout.readline()
        assert line, said
        said += line
    return said


def _address(name: str, said: str) -> str:
    found = re.search(rf"{name} +(http\S+)", said)
    assert found, said
    return found[1]


def _server(folder: Path) -> Server:
    """Its PostgreSQL, by the script that runs Airflow's commands."""
    found = re.search(r"SQL_ALCHEMY_CONN=postgresql\+psycopg2(://\S+?)'?\s", (folder / "up/airflow").read_text())
    assert found
    return Server("postgresql" + found[1])


@contextlib.contextmanager
def _message_log(folder: Path) -> Iterator[Log]:
    url = _server(folder).url_of(stack.MESSAGE_LOG)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=f"-c search_path={SCHEMA}") as log:
        yield log


def _remind(folder: Path, phones: str, log: Log) -> dt.date:
    """Go through a live tick of today, as if somebody had triggered it, of which one message fails; return its day."""
    server, now = _server(folder), dt.datetime.now(dt.UTC)
    with pytest.MonkeyPatch.context() as patch:
        deployed = Deployment(patch)
        for conn_id, connection in connections(
            shop_url=server.url_of(stack.SHOP),
            message_log_url=server.url_of(stack.MESSAGE_LOG),
            graph_api_url=f"{urlsplit(phones).scheme}://{urlsplit(phones).netloc}",
        ).items():
            deployed.connect(conn_id, connection)
        deployed.set(**SETTINGS, delivery="live")
        refused = {"kind": "error", "operation": "send_message", "code": 131021}
        assert requests.post(f"{phones}/_sandbox/faults", json=refused, timeout=10).ok
        assert go_through(log, logical_date=None, run_after=now).state == "failed"
    return day_of(now)
