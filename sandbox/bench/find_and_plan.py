"""Finding what is stuck among a great many runs, and planning a message for each."""

from __future__ import annotations

from sandbox.bench.report import Row, Sample, Target, memory_row
from sandbox.bench.workplace import BenchError, Workplace
from sandbox.graph_api import server as graph_api

PARTNERS = 2_000
ABROAD = 20
"""One partner of so many is in Italy."""
TO_FIND = Target("under", 10, "x")
TO_PLAN = Target("at least", 5_000, "rows/s")
TO_PLAN_AGAIN = Target("under", 1.5, "x")


def measure(workplace: Workplace) -> list[Row]:
    """The rows for finding and planning, and for the memory of both."""
    sizes = workplace.sizes
    now = workplace.make_shop(runs=sizes.runs, stuck=sizes.stuck, partners=PARTNERS, abroad=ABROAD)
    with graph_api.running() as api:
        steps = workplace.steps(api.url, messages_per_second=80)
        workplace.tell(f"Finding them, {sizes.repeats} times")
        finding = steps.run("find", now=now.isoformat(), repeats=sizes.repeats)
        workplace.tell(f"Planning their messages, {sizes.repeats} times")
        planning = steps.run("plan", tick=finding["tick"], repeats=sizes.repeats)
        again = steps.run("plan again", tick=finding["tick"])
    planned = sum(len(batch["message_ids"]) for batch in planning["batches"])
    if finding["found"] != sizes.stuck or planned != sizes.stuck:
        raise BenchError(f"{finding['found']} stuck runs were found and {planned} planned instead of {sizes.stuck}.")
    found, counted = Sample(tuple(finding["find_seconds"])), Sample(tuple(finding["count_seconds"]))
    rate = Sample(tuple(sizes.stuck / seconds for seconds in planning["plan_seconds"]))
    return [
        Row(
            what=f"find {sizes.stuck:,} stuck runs among {sizes.runs:,}",
            measured=found.said("s", 2),
            beside=f"count(*): {counted.said('s', 2)}",
            reached=found.median / counted.median,
            target=TO_FIND,
        ),
        Row(f"plan {sizes.stuck:,} messages", rate.said("rows/s"), rate.median, TO_PLAN),
        Row(
            what="plan them again",
            measured=f"{again['seconds']:.2f} s",
            beside=f"the first time: {sizes.stuck / rate.median:.2f} s",
            reached=again["seconds"] * rate.median / sizes.stuck,
            target=TO_PLAN_AGAIN,
        ),
        memory_row("find", finding["peak_mb"]),
        memory_row("plan", planning["peak_mb"]),
    ]
