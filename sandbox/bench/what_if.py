"""Trying other settings on a page, over runs that were stuck for all of the 90 days that it goes back."""

from __future__ import annotations

from sandbox.bench.report import Row, Sample, Target, memory_row
from sandbox.bench.workplace import Workplace
from sandbox.graph_api import server as graph_api

DAYS = 90
PARTNERS = 300
TO_TRY = Target("under", 5, "s")
PER_STUCK = 5
"""A fifth of the runs that the other parts let be stuck: 2,000."""


def measure(workplace: Workplace) -> list[Row]:
    """The row for one page, which tries two settings, and the one for its memory."""
    sizes = workplace.sizes
    runs = max(1, sizes.stuck // PER_STUCK)
    now = workplace.make_shop(runs=runs, stuck=1, partners=PARTNERS)
    with graph_api.running() as api:
        steps = workplace.steps(api.url, messages_per_second=80)
        workplace.tell(f"Trying settings over {runs:,} runs, {min(3, sizes.repeats)} times")
        done = steps.run(
            "what if", now=now.isoformat(), runs=runs, days=DAYS, partners=PARTNERS, repeats=min(3, sizes.repeats)
        )
    seconds, ours, reading, beside = (Sample(tuple(done[name])) for name in ("seconds", "of_ours", "reading", "beside"))
    return [
        Row(
            what=f"try two settings over {runs:,} runs stuck for {DAYS} days",
            measured=f"{seconds.said('s', 1)}, {ours.said('s', 1)} of a core; reading is {reading.said('s', 1)} of it",
            reached=seconds.median,
            target=TO_TRY,
            beside=f"Python adds 3,000,000 numbers: {beside.said('s', 2)}",
        ),
        memory_row("what if", done["peak_mb"]),
    ]
