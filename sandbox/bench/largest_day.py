"""The largest day: 100,000 messages are planned, dealt out and begun, beside 1,000; and the memory of each task."""

from __future__ import annotations

from typing import Any

from sandbox.bench.find_and_plan import ABROAD, PARTNERS, TO_PLAN_AGAIN
from sandbox.bench.report import Row, Target, memory_row
from sandbox.bench.send import refusals_of
from sandbox.bench.workplace import BenchError, Steps, Workplace
from sandbox.graph_api import server as graph_api

FEW, MANY = 1_000, 100_000
BEGUN = 500
"""So many of the first batch are sent: more would say nothing that a smaller day does not."""
RATE = 80
LINEAR = Target("under", 1.5, "x")
AFTERWARDS = ("recheck", "take all", "follow-ups", "escalate", "summarise")
"""The day's other tasks, in their order; `take all` lets Meta take what is still queued."""


def measure(workplace: Workplace) -> list[Row]:
    """Rows for planning and beginning, and for planning again, and one for the highest memory of all tasks."""
    few, many = (max(1, size // workplace.sizes.divisor) for size in (FEW, MANY))
    with graph_api.running(rate=RATE) as api:
        _, _, seconds_of_few = _planned(workplace, api.url, few, peaks={})
        peaks: dict[str, float] = {}
        steps, planned, seconds = _planned(workplace, api.url, many, peaks)
        again = _kept(peaks, "plan again", steps.run("plan again", tick=planned["tick"]))
        first = planned["batches"][0]
        begun = first | {"message_ids": first["message_ids"][:BEGUN]}
        sent = _kept(peaks, "send", steps.run("send", tick=planned["tick"], batch=begun))["counts"]
        if sent != {"sent": len(begun["message_ids"])}:
            raise BenchError(f"Of the first {len(begun['message_ids'])} messages these were sent: {sent}.")
        refusals = refusals_of(api, len(begun["message_ids"]))
        for step in AFTERWARDS:
            _kept(peaks, step, steps.run(step, tick=planned["tick"]))
    highest = max(peaks, key=lambda step: peaks[step])
    return [
        Row(
            f"plan {many:,} messages, deal them to {len(planned['batches'])} tasks, and begin",
            f"{seconds:.1f} s",
            seconds / (seconds_of_few * many / few),
            LINEAR,
            f"{many // few} times {few:,}: {seconds_of_few * many / few:.1f} s",
            refusals,
        ),
        Row(
            f"plan {many:,} again",
            f"{again['seconds']:.1f} s",
            again["seconds"] / seconds,
            TO_PLAN_AGAIN,
            f"the first time: {seconds:.1f} s",
        ),
        memory_row(
            f"the tasks of {many:,} (the highest: {highest})",
            peaks[highest],
            ", ".join(f"{step}: {peak:,.0f} MB" for step, peak in peaks.items() if step != highest),
        ),
    ]


def _planned(
    workplace: Workplace, graph_api_url: str, size: int, peaks: dict[str, float]
) -> tuple[Steps, dict[str, Any], float]:
    """Find and plan so many in a new shop; return its steps, what planning returned with its tick, and its seconds."""
    # No more than 20 for one partner: to one phone Meta takes 45 in a row, and then one in six seconds.
    partners = max(min(size, PARTNERS), size // 20)
    now = workplace.make_shop(runs=10 * size, stuck=size, partners=partners, abroad=ABROAD)
    steps = workplace.steps(graph_api_url, RATE)
    workplace.tell(f"Planning {size:,} messages")
    tick = _kept(peaks, "find", steps.run("find", now=now.isoformat(), repeats=1))["tick"]
    planning = _kept(peaks, "plan", steps.run("plan", tick=tick, repeats=1))
    planned = sum(len(batch["message_ids"]) for batch in planning["batches"])
    if planned != size:
        raise BenchError(f"{planned} messages were planned instead of {size}.")
    return steps, planning | {"tick": tick}, planning["plan_seconds"][0]


def _kept(peaks: dict[str, float], step: str, answer: dict[str, Any]) -> dict[str, Any]:
    peaks[step] = answer["peak_mb"]
    return answer
