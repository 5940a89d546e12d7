"""What became of a run's other tasks, and what they have said of it."""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping
from typing import Any

from partner_messages.deployment.last_words import SENTENCE
from partner_messages.deployment.run_context import run_pass

_BAD_ENDS = ("failed", "upstream_failed")
"""The cause before what waited for it in vain."""


def unfinished(context: Mapping[str, Any]) -> list[str]:
    """The other tasks of the run that failed, mapped ones counted, each with why: `send_messages (3) failed: Not …`.

    What only waited for them is not named: its log is empty.
    """
    ti, run = context["ti"], run_pass(context)
    states = ti.get_task_states(dag_id=run.dag_id, run_ids=[run.dag_run_id]).get(run.dag_run_id, {})
    ended = {end: [name for name, state in states.items() if state == end and name != ti.task_id] for end in _BAD_ENDS}
    worst = next((names for names in ended.values() if names), [])
    failed = collections.Counter(re.sub(r"_\d+$", "", name) for name in worst)
    return [_failed(context, task, number) for task, number in sorted(failed.items())]


def _failed(context: Mapping[str, Any], task: str, number: int) -> str:
    named = f"{task} ({number})" if number > 1 else task
    said = sentences_of(context, task)
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return f"{named} failed: {said[0]}{more}" if said else f"{named} failed; its log says why"


def sentences_of(context: Mapping[str, Any], task_id: str, key: str = SENTENCE) -> list[str]:
    """What a task of the run has said (of its end), each sentence of its mapped instances once and on one line."""
    # For a list of task ids Airflow returns a list, also where only one has left something.
    said = context["ti"].xcom_pull(task_ids=[task_id], key=key)
    return list(dict.fromkeys(" ".join(sentence.split()) for sentence in said if sentence))
