"""What comes after planning in every DAG that sends, as Airflow calls it: follow-ups, the shop's inbox, the summary."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partner_messages.deployment.endings import airflow_endings
from partner_messages.deployment.last_words import leave
from partner_messages.deployment.params import parse_params
from partner_messages.deployment.run_context import run_pass
from partner_messages.messages.tick import Tick, TickSkipped
from partner_messages.ops import run_notes, summarise
from partner_messages.ops.halt_by_hand import who_let_it_go_on
from partner_messages.planning import plan_followups as followups
from partner_messages.planning.dealing import max_map_length
from partner_messages.tasks import mirror
from partner_messages.tasks.endings import sentences_of, unfinished

log = logging.getLogger(__name__)


def plan_followups(tick: dict[str, Any] | None, *, of_all: bool = False) -> list[dict[str, Any]]:
    """See `planning/plan_followups.py`; runs whatever became of the messages, as some may have been taken."""
    with airflow_endings():
        if tick is None:
            raise TickSkipped("Nothing was sent: the first task let nothing pass.")
        return followups.plan_followups(Tick.from_xcom(tick), max_map_length(), of_all=of_all)


def mirror_to_shop(tick: dict[str, Any] | None, *, of_all: bool = False) -> dict[str, int]:
    """See `tasks/mirror.py`; skipped unless the setting asks for it."""
    with airflow_endings():
        if tick is None:
            raise TickSkipped("Nothing was sent: the first task let nothing pass.")
        mirrored = mirror.mirror_to_shop(Tick.from_xcom(tick), of_all=of_all)
        if not any(mirrored.values()):
            raise TickSkipped("Nothing was to be written into the shop's inbox (its log says why).")
        return mirrored


def summarise_run(
    context: Mapping[str, Any],
    tick: dict[str, Any] | None,
    batches: Sequence[Mapping[str, Any]] | None,
    found: Iterable[Mapping[str, Any] | None] | None,
    title: str,
    *,
    first: str = "preflight",
    finds: bool = False,
    of_all: bool = False,
) -> dict[str, Any]:
    """See `ops/summarise.py`; runs whatever happened before, and is what makes a DAG run green or red.

    Where the first task let nothing pass, what it has said of that is the run's note.
    """
    with airflow_endings():
        run, failed_tasks = run_pass(context), unfinished(context)
        if tick is not None:
            told = summarise.Told(
                found={one["kind"]: one["found"] for one in found or () if one},
                dealt=[id_ for batch in batches or () for id_ in batch["message_ids"]],
                kinds=parse_params(context["params"]).kinds if finds else (),
            )
            return summarise.summarise(
                Tick.from_xcom(tick),
                run,
                failed_tasks,
                title,
                told=told,
                finds=finds,
                of_all=of_all,
                went_on=who_let_it_go_on(context["params"]) if of_all else None,
            )
        log.info("%s — nothing was done: the first task let nothing pass.", title)
        why = sentences_of(context, first)
        leave(run_notes.KEY, run_notes.text_without(why or failed_tasks))
        if failed_tasks:
            raise summarise.NeedsAnEngineer("\n".join(failed_tasks))
        raise TickSkipped(f"{first} skipped this run: {' '.join(why)}")
