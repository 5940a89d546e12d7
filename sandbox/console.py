"""Airflow's REST API, as far as the sandbox uses it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from sandbox import airflow_env, processes

ADMINISTRATOR = "admin"
CALL_SECONDS = 120.0
"""At the first question of a task Airflow builds that part of its API, and answers nobody meanwhile."""
TRIES = 4
"""A busy machine may answer one call late; what may be asked again is."""
DAG_SECONDS = 60.0
RUN_SECONDS = 900.0


@dataclass(frozen=True)
class DagRun:
    """A DAG run that is over.

    Attributes:
        state: `success` or `failed`.
        seconds: From its start to its end, as Airflow wrote them down.
    """

    state: str
    seconds: float


class Console:
    """A session with a sandboxed Airflow, as its administrator.

    Args:
        url: Where its API server listens.
        check: Called while something is waited for; raises if Airflow died.
    """

    def __init__(self, url: str, check: Callable[[], None]) -> None:
        self._url = url
        self._check = check
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy in the environment does not know our loopback
        login = {"username": ADMINISTRATOR, "password": airflow_env.password_of(ADMINISTRATOR)}
        token = self._ask("POST", "/auth/token", login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def set_variable(self, name: str, value: Mapping[str, Any]) -> None:
        """Give a Variable that is there another value."""
        self._ask("PATCH", f"/api/v2/variables/{name}", {"key": name, "value": json.dumps(value)})

    def set_extra(self, conn_id: str, conn_type: str, extra: Mapping[str, Any]) -> None:
        """Give a connection that is there another `extra`."""
        changed = {"connection_id": conn_id, "conn_type": conn_type, "extra": json.dumps(extra)}
        self._ask("PATCH", f"/api/v2/connections/{conn_id}?update_mask=extra", changed)

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG, as soon as the DAG processor has read it."""
        for _ in processes.pauses(DAG_SECONDS, longest=1):
            self._check()
            if any(dag["dag_id"] == dag_id for dag in self._ask("GET", "/api/v2/dags")["dags"]):
                break
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def run(self, dag_id: str, conf: Mapping[str, Any]) -> DagRun:
        """Trigger a DAG and wait until its run is over.

        Raises:
            processes.SandboxError: It takes too long.
        """
        run_id = self.trigger(dag_id, conf)
        for _ in processes.pauses(RUN_SECONDS, longest=1):
            self._check()
            if run := self.over(dag_id, run_id):
                return run
        raise processes.SandboxError(f"The run {run_id} of {dag_id} was not over after {RUN_SECONDS:.0f} seconds.")

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> str:
        """Trigger a DAG; return its run's id."""
        run = self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf}, tries=1)
        return str(run["dag_run_id"])

    def over(self, dag_id: str, run_id: str) -> DagRun | None:
        """How a run ended, if it has."""
        run = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        if not run["end_date"]:
            return None
        start, end = (dt.datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
        return DagRun(run["state"], (end - start).total_seconds())

    def _ask(
        self, method: str, path: str, content: Mapping[str, Any] | None = None, tries: int = TRIES
    ) -> dict[str, Any]:
        # One try is as patient as several.
        seconds = CALL_SECONDS * TRIES / tries
        try:
            answer = self._session.request(method, f"{self._url}{path}", json=content, timeout=seconds)
        except requests.Timeout:
            if tries == 1:
                raise
            self._check()
            return self._ask(method, path, content, tries - 1)
        if not answer.ok:
            raise processes.SandboxError(f"Airflow answered {method} {path} with {answer.status_code}: {answer.text}")
        said: dict[str, Any] = answer.json()
        return said
