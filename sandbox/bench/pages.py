"""The pages after years: how long each takes to be made, beside `select 1` through the same application."""

from __future__ import annotations

from sandbox import airflow_env
from sandbox.bench.around import PER_DAY
from sandbox.bench.find_and_plan import PARTNERS
from sandbox.bench.report import Row, Sample, Target
from sandbox.bench.workplace import Workplace
from sandbox.graph_api import server as graph_api

QUICK_ENOUGH = Target("under", 150, "ms")
ASKED = 15
"""How often each page is asked for, after it was once."""


def measure(workplace: Workplace) -> list[Row]:
    """A row for each page, and one for the counting of a day that one of them needs."""
    sizes = workplace.sizes
    now = workplace.make_shop(runs=sizes.stuck, stuck=sizes.stuck, partners=PARTNERS)
    workplace.server.create_database(airflow_env.METADATA)
    messages = f"{PER_DAY * sizes.history:,} messages"
    with graph_api.running() as api:
        steps = workplace.steps(api.url, messages_per_second=80)
        workplace.tell(f"A history of {messages}, and the pages over it")
        done = steps.run("pages", now=now.isoformat(), days=sizes.history, per_day=PER_DAY, asked=ASKED)
    bare = Sample(tuple(done["milliseconds"].pop("bare")))
    beside = f"select 1: {bare.median:.0f} ms"
    rows = [
        Row(f"page {address} after {messages}", sample.said("ms"), sample.median, QUICK_ENOUGH, beside)
        for address, values in done["milliseconds"].items()
        for sample in [Sample(tuple(values))]
    ]
    a_day = 1_000 * done["seconds_a_day"]
    return [*rows, Row(f"count a day of {PER_DAY:,} messages", f"{a_day:,.0f} ms", a_day, Target("under", 1_000, "ms"))]
