"""The last task of every DAG that sends: what it did, by its tasks' values, their ends and the message log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partner_messages.deployment.last_words import leave
from partner_messages.deployment.params import parse_params
from partner_messages.deployment.run_context import run_pass
from partner_messages.messages.tick import Tick, TickSkipped
from partner_messages.ops import run_notes, summarise
from partner_messages.ops.daily_summary import tell_of_nothing
from partner_messages.ops.halt_by_hand import who_let_it_go_on
from partner_messages.tasks.endings import sentences_of, unfinished

log = logging.getLogger(__name__)


def summarise_run(
    context: Mapping[str, Any],
    tick: Tick | None,
    batches: Sequence[Mapping[str, Any]] | None,
    found: Iterable[Mapping[str, Any] | None] | None,
    title: str,
    *,
    first: str = "preflight",
    finds: bool = False,
    of_all: bool = False,
) -> dict[str, Any]:
    """Summarise a DAG run (`ops/summarise.py`) by what its tasks have returned, and let it be green or red.

    Where the first task let nothing pass (there is no tick), what it has said of that is the run's note.
    """
    run, failed_tasks = run_pass(context), unfinished(context)
    if tick is not None:
        told = summarise.TaskResults(
            found={one["kind"]: one["found"] for one in found or () if one},
            dealt=[id_ for batch in batches or () for id_ in batch["message_ids"]],
            kinds=parse_params(context["params"]).kinds if finds else (),
        )
        return summarise.summarise(
            tick,
            run,
            failed_tasks,
            title,
            told=told,
            finds=finds,
            of_all=of_all,
            went_on=who_let_it_go_on(context["params"]) if of_all else None,
            context=context,
        )
    log.info("%s — nothing was done: the first task let nothing pass.", title)
    why = sentences_of(context, first)
    leave(run_notes.KEY, run_notes.text_without(why or failed_tasks))
    if finds:
        tell_of_nothing(context, run, failed=failed_tasks, why=why)
    if failed_tasks:
        raise summarise.NeedsAnEngineer("\n".join(failed_tasks))
    raise TickSkipped(f"{first} skipped this run: {' '.join(why)}")
