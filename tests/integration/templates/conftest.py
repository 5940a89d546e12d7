"""The tasks of `whatsapp_templates` over a Graph API whose accounts have no templates."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from support.dag_tasks import TEMPLATES
from support.deployment import airflow_run
from support.picture_files import png


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept):
    """A session is not the subject here."""


@pytest.fixture
def picture():
    """A PNG that Meta takes."""
    return png()


@pytest.fixture
def order_ready():
    """The request that creates a small template."""
    return {
        "name": "order_ready",
        "language": "en",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your order is ready."}],
    }


@dataclass(frozen=True)
class TemplateRun:
    """What one pass through the tasks of `whatsapp_templates` came to.

    Attributes:
        ends: How each task ended: `done`, `skipped`, or the exception's name; mapped ones as `submit[in]`.
        said: What the tasks that failed said.
        rows: What `report` returned; empty where it failed.
    """

    ends: dict[str, str]
    said: dict[str, str]
    rows: list[dict[str, Any]]

    @property
    def green(self):
        """Whether the DAG run would be green."""
        return self.ends["report"] == "done"

    def actions(self, account):
        """How many rows of an account have which action."""
        return Counter(row["action"] for row in self.rows if row["account"] == account)


@pytest.fixture
def run_templates(deployed, log):
    """Go through the tasks as the DAG does, each tried once; the keywords are the params."""
    numbers = itertools.count(1)

    def go(**params):
        run_id = f"manual__{next(numbers)}"
        ends = {}
        said = {}

        def of(task_id):
            states = {run_id: dict.fromkeys(said, "failed")}
            ti = SimpleNamespace(
                task_id=task_id, try_number=1, get_task_states=lambda **_: states, xcom_pull=lambda **_: []
            )
            dag_run = airflow_run(run_id, dag_id="whatsapp_templates", logical_date=None)
            return {"dag_run": dag_run, "params": params, "ti": ti}

        def call(task_id, *given, label=None):
            name = f"{task_id}[{label}]" if label else task_id
            try:
                result = getattr(TEMPLATES, task_id)(of(task_id), *given)
            except AirflowSkipException:
                ends[name] = "skipped"
                return None
            except Exception as error:
                ends[name] = type(error).__name__
                said[name] = str(error)
                return None
            ends[name] = "done"
            return result

        accounts = call("preflight")
        planned = None
        if accounts is not None:
            for label in accounts:
                call("list_templates", label, label=label)
            planned = call("plan")
            for label in accounts:
                call("submit", label, label=label)
        call("wait_for_reviews", accounts)
        rows = call("report", accounts, planned)
        return TemplateRun(ends, said, rows or [])

    return go
