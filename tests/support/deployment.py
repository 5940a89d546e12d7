"""The package as it is deployed for one test."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from partner_messages.messages.tick import RunPass

TICK = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)
"""Monday, 10:00 IST: the tick at which the sample shop stands in most tests."""
UPGRADED = 1_000
"""Messages a second of a number that Meta has upgraded."""


def run_pass(run_id: str = "run 1", *, dag_id: str = "production_run_reminders", **more: Any) -> RunPass:
    """The first pass of a DAG run that was triggered by hand at TICK, unless `more` says otherwise."""
    return RunPass(dag_id, run_id, **{"run_type": "manual", "now": TICK, "run_after": TICK, **more})


def airflow_run(run_id: str = "run 1", *, dag_id: str = "production_run_reminders", **more: Any) -> SimpleNamespace:
    """A DAG run as Airflow shows it to a task: triggered by hand at TICK, unless `more` says otherwise."""
    plain = {"run_type": "manual", "logical_date": TICK, "run_after": TICK, "clear_number": 0}
    return SimpleNamespace(dag_id=dag_id, run_id=run_id, **{**plain, **more})


@dataclass
class Deployment:
    """The package as deployed for one test: its connections, its Variable, its wall clock.

    Attributes:
        settings: The Variable `partner_messages`; change it through `set`.
        now: The wall clock that the tasks see.
    """

    patch: pytest.MonkeyPatch
    settings: dict[str, Any] = field(default_factory=dict)
    now: dt.datetime = TICK + dt.timedelta(minutes=1)

    def set(self, **settings: Any) -> None:
        """Change settings in the Variable."""
        self.settings.update(settings)
        self.patch.setenv("AIRFLOW_VAR_PARTNER_MESSAGES", json.dumps(self.settings))

    def connect(self, conn_id: str, connection: dict[str, Any]) -> None:
        """Set a connection."""
        self.patch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    def disconnect(self, conn_id: str) -> None:
        """Remove a connection."""
        self.patch.delenv(f"AIRFLOW_CONN_{conn_id.upper()}")

    def connection(self, conn_id: str) -> dict[str, Any]:
        """A connection as it is set."""
        found: dict[str, Any] = json.loads(os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"])
        return found

    def set_rate(self, label: str, per_second: float) -> None:
        """Change what a sender's connection says of its rate."""
        connection = self.connection(f"whatsapp_{label}")
        extra = {**connection["extra"], "messages_per_second": per_second}
        self.connect(f"whatsapp_{label}", {**connection, "extra": extra})

    def send_in_chunks(self) -> None:
        """Have messages travel in chunks, from numbers that Meta has upgraded and that nobody else sends from.

        A tick's sixty messages then take a tenth of the time that a task each takes, by the settings' default.
        """
        self.set(task_each_up_to=0)
        self.leave_others_no_share()
        for label in self.settings["senders"]:
            self.set_rate(label, UPGRADED)

    def leave_others_no_share(self) -> None:
        """Have each task take all of its number's rate; it would leave others so much that two messages take time."""
        self.patch.setattr("partner_messages.sending.share.BRIEFEST_SECONDS", 1 / UPGRADED)
