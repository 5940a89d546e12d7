"""The tasks of a DAG as its file has them, called as Airflow calls them, without Airflow around them."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.sdk.execution_time.context import set_current_context

DAGS = Path(__file__).resolve().parents[2] / "dags"


class DagTasks:
    """The tasks of one DAG: each attribute is the task of that id, to be called with its context and its arguments."""

    def __init__(self, dag_id: str) -> None:
        self._dag_id = dag_id

    def __getattr__(self, task_id: str) -> Callable[..., Any]:
        return functools.partial(_call, self._dag_id, task_id)


def _call(dag_id: str, task_id: str, context: dict[str, Any], *given: Any) -> Any:
    with set_current_context(context):  # type: ignore[arg-type]
        return _works(dag_id)[task_id](*given)


@functools.cache
def _works(dag_id: str) -> dict[str, Callable[..., Any]]:
    spec = importlib.util.spec_from_file_location(f"dag_file_{dag_id}", DAGS / f"{dag_id}.py")
    assert spec
    assert spec.loader
    file = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(file)
    operators = getattr(file, dag_id)().task_dict
    works = {id_: getattr(one, "python_callable", None) or _of_mapped(one) for id_, one in operators.items()}
    return {id_: work for id_, work in works.items() if work}


def _of_mapped(operator: Any) -> Any:
    return getattr(operator, "partial_kwargs", {}).get("python_callable")


REMINDERS = DagTasks("production_run_reminders")
EVENTS = DagTasks("production_run_events")
UPKEEP = DagTasks("message_log_upkeep")
TEMPLATES = DagTasks("whatsapp_templates")
