"""`docs/dags.md`: every DAG with its tasks and params, as Airflow has them (written by `support.readme`)."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
DAGS_PAGE = PROJECT / "docs" / "dags.md"

HEAD = """# The DAGs

Every DAG, its tasks and its params. This page is written from the code by `make readme`; change the code, not the page.
The words above the tables of a DAG are those that Airflow shows on the DAG's own page.
"""

RUNS_WHEN = {
    "all_success": "all before it have succeeded",
    "none_failed": "none before it has failed",
    "none_failed_min_one_success": "none before it has failed, and one of them has ended well",
    "all_done": "all before it have ended, in whatever way",
    "all_done_min_one_success": "all before it have ended, and one of them well",
}


def dags_of_the_project() -> dict[str, Any]:
    """The DAGs, read from their files; each file has one, made by the function of its name."""
    found = {}
    for path in sorted((PROJECT / "dags").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[path.stem] = getattr(module, path.stem)()
    return found


def dags_page(dags: Mapping[str, Any]) -> str:
    """The whole page, the DAGs by their ids."""
    return "\n".join([HEAD, *("\n".join(_dag(dag)) for _, dag in sorted(dags.items()))])


def _dag(dag: Any) -> Iterator[str]:
    yield f"## `{dag.dag_id}`\n"
    yield f"{dag.description}. In Airflow it is called *{dag.dag_display_name}*. It runs {_when(dag)}.\n"
    # What is a page of its own in Airflow is a part here; its heading says what ours has said.
    yield dag.doc_md.strip().partition("\n")[2].strip().replace("\n### ", "\n#### ") + "\n"
    yield f"### Tasks of `{dag.dag_id}`\n"
    tasks = {task.task_id: task for task in dag.topological_sort()}
    yield "```mermaid\nflowchart LR"
    yield from (f"    {one} --> {other}" for one, other in _arrows(tasks))
    yield "```\n"
    yield "| task | in Airflow | does | runs when | time limit |\n|---|---|---|---|---|"
    yield from (_task(task) for task in tasks.values())
    yield f"\n### Params of `{dag.dag_id}`\n"
    yield "| param | in the form | may be | default | meaning |\n|---|---|---|---|---|"
    yield from (_param(name, dag.params.get_param(name)) for name in dag.params)
    yield ""


def _when(dag: Any) -> str:
    schedule = dag.schedule
    timetable = getattr(schedule, "timetable", schedule)
    often = f"on the schedule `{timetable.expression}` ({timetable.timezone})" if schedule else "when it is triggered"
    if timetable is not schedule:
        often += f", and when {' or '.join(f'`{one.uri}`' for one in schedule.asset_condition.objects)} changes"
    paused = "it is paused when Airflow first sees it" if dag.is_paused_upon_creation else "it is not paused"
    runs = dag.max_active_runs
    return f"{often}; {paused}; {'one DAG run' if runs == 1 else f'up to {runs} DAG runs'} at a time"


def _arrows(tasks: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The arrows between tasks, without those that a longer way says already."""
    before: dict[str, set[str]] = {}
    for name, task in tasks.items():
        before[name] = set(task.upstream_task_ids).union(*(before[one] for one in task.upstream_task_ids))
    return [
        (one, name)
        for name, task in tasks.items()
        for one in tasks
        if one in task.upstream_task_ids and not any(one in before[other] for other in task.upstream_task_ids)
    ]


def _task(task: Any) -> str:
    rule = RUNS_WHEN[task.trigger_rule.value] if task.upstream_task_ids else "at once"
    several = " (one for each of its inputs)" if task.is_mapped else ""
    limit = f"{task.execution_timeout.total_seconds() / 60:g} min"
    return _row(f"`{task.task_id}`{several}", task.task_display_name, _purpose(task), rule, limit)


def _purpose(task: Any) -> str:
    """The first sentence of what a task says of itself."""
    function = getattr(task, "python_callable", None) or getattr(task, "partial_kwargs", {}).get("python_callable")
    said = (function or getattr(task, "operator_class", type(task))).__doc__
    return " ".join(said.strip().partition("\n\n")[0].split())


def _param(name: str, param: Any) -> str:
    schema = param.schema
    named = f"{schema['title']} ({schema['section']})"
    return _row(f"`{name}`", named, _may_be(schema), f"`{json.dumps(param.value)}`", schema["description_md"])


def _may_be(schema: Mapping[str, Any]) -> str:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "enum" in schema:
        return ", ".join(f"`{value}`" if value else "empty" for value in schema["enum"])
    if "array" in types:
        chosen = schema.get("items", {}).get("enum")
        return f"a list of {', '.join(f'`{one}`' for one in chosen)}" if chosen else "a list"
    kind = {"string": "a text", "integer": "a number", "boolean": "`true` or `false`"}[types[-1]]
    return f"{kind}, or empty" if "null" in types else kind


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
