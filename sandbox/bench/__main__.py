"""Measures finding, planning, sending and listening, and prints one table: `python -m sandbox.bench`, or `make bench`.

The targets hold for the full sizes on a machine with two cores and nothing else to do; a target that is missed is said,
and is no error: a machine that others share is no judge.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from sandbox import airflow_env, postgres, processes, stack
from sandbox.bench import around, find_and_plan, largest_day, listen, pages, send, tick, what_if
from sandbox.bench.report import Row, page, table
from sandbox.bench.workplace import Sizes, Workplace

FOLDER = airflow_env.SANDBOX / "bench"
DOCS = airflow_env.PROJECT / "docs" / "benchmarks.md"
PARTS: dict[str, Callable[[Workplace], list[Row]]] = {
    "find": find_and_plan.measure,
    "around": around.measure,
    "largest day": largest_day.measure,
    "send": send.measure,
    "listen": listen.measure,
    "what if": what_if.measure,
    "tick": tick.measure,
    "pages": pages.measure,
}
QUICK = 20
"""By how much `--quick` divides the sizes."""


def bench(parts: Sequence[str], sizes: Sizes) -> None:
    """Measure these parts, one after the other, and print the table."""
    tell = stack.telling()
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(FOLDER / "airflow", ignore_errors=True)
    tell(f"PostgreSQL ({_load()})")
    with postgres.server(FOLDER / "postgres") as server:
        workplace = Workplace(server, FOLDER, sizes, tell)
        rows = [row for part in parts for row in PARTS[part](workplace)]
    tell(f"Done ({_load()}).")
    print("\n" + "\n".join(table(rows)), flush=True)
    if sizes == Sizes() and [*parts] == [*PARTS]:
        DOCS.write_text(page(rows, _commit(), f"{os.cpu_count()} cores ({_speed()})"))
        tell(f"Written to {DOCS.relative_to(airflow_env.PROJECT)}")


def _commit() -> str:
    """What was measured: the commit, and whether anything beside it was changed."""
    asked = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(asked, cwd=airflow_env.PROJECT, capture_output=True, text=True, check=False).stdout.strip()


def _speed() -> str:
    """How fast the machine computes at the moment, for whoever compares its seconds with those of another one."""
    began = time.perf_counter()
    sum(number for number in range(10_000_000))
    return f"Python adds up ten million numbers in {time.perf_counter() - began:.1f} s"


def _load() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.bench", description="Measure finding, planning, sending.")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part only (may be repeated)")
    parser.add_argument("--quick", action="store_true", help=f"a {QUICK}th of the sizes, to see that it works")
    asked = parser.parse_args(arguments)
    sizes = Sizes().divided_by(QUICK) if asked.quick else Sizes()
    return processes.run(lambda: bench(asked.only or list(PARTS), sizes))


if __name__ == "__main__":
    sys.exit(main())
