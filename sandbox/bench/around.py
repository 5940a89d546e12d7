"""What a tick does around its sending, after years: each task by itself, in a process of its own."""

from __future__ import annotations

from sandbox.bench.find_and_plan import ABROAD, PARTNERS
from sandbox.bench.report import Row, Target, memory_row
from sandbox.bench.workplace import Workplace
from sandbox.graph_api import server as graph_api

LONGEST = Target("under", 60, "s")
PER_DAY = 1_000
"""Messages of each day of the history."""
STEPS = {
    "plan": "plan {stuck:,} messages",
    "plan again": "plan them again",
    "recheck": "look again at the first 1,000 before their claim",
    "take all": "",
    "follow-ups": "plan what follows {stuck:,} messages",
    "mirror": "write {stuck:,} messages into the shop's inbox",
    "escalate": "call for people, for {stuck:,} stuck runs",
    "summarise": "say what happened to {stuck:,} messages",
    "events": "plan a list of 1,000 events",
    "upkeep": "sweep, and forget what is old",
}
"""In the order of a day; what has no words is not measured."""


def measure(workplace: Workplace) -> list[Row]:
    """A row for each task, and one for the highest memory of them all."""
    sizes = workplace.sizes
    now = workplace.make_shop(runs=100 * sizes.stuck, stuck=sizes.stuck, partners=PARTNERS, abroad=ABROAD)
    rows, peaks = [], {}
    with graph_api.running() as api:
        steps = workplace.steps(api.url, messages_per_second=80, cadence=[1, 2, 4], mirror_to_shop=True)
        workplace.tell(f"A history of {sizes.history:,} days")
        tick = steps.run("history", now=now.isoformat(), days=sizes.history, per_day=PER_DAY)["tick"]
        for step, what in STEPS.items():
            workplace.tell(what.format(stuck=sizes.stuck) or "Meta takes them")
            done = steps.run(step, tick=tick, **({"repeats": 1} if step == "plan" else {}))
            seconds = done.get("seconds") or max(done.get("plan_seconds", [0.0]))
            if what:
                of_history = f"after {PER_DAY * sizes.history:,} messages"
                rows.append(Row(what.format(stuck=sizes.stuck), f"{seconds:.1f} s", seconds, LONGEST, of_history))
                peaks[step] = done["peak_mb"]
    highest = max(peaks, key=lambda step: peaks[step])
    return [*rows, memory_row(f"these (the highest: {highest})", peaks[highest])]
