"""How often each fault is let loose, and the table of what came of it (a pytest plugin).

`make test` has one round of each. `make faults` has as many as it is told, says how far each scenario is, and at the
end prints the table and keeps it in `.sandbox/faults.md`.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from sandbox.airflow_env import SANDBOX

_PROPERTY = "faults"
_COLUMNS = ("scenario", "rounds", "messages", "duplicates", "unknown", "waiting", "lost", "unknown in a round")
_SAYINGS = 10
"""How often a scenario says how far it is."""


@dataclass
class Tally:
    """What came of one scenario's rounds.

    Attributes:
        scenario: What was done, in a few words.
        messages: How many were to be sent.
        duplicates: How many were taken by Meta once more than they should have been.
        unknown: How many are in doubt for good, round by round.
        waiting: How many wait, untouched, until a person has said that sending may go on.
        lost: How many were neither taken nor are in doubt nor wait.
    """

    scenario: str
    messages: int = 0
    duplicates: int = 0
    unknown: list[int] = field(default_factory=list)
    waiting: int = 0
    lost: int = 0
    after_round: Callable[[Tally], None] = field(default=lambda _: None, repr=False)

    def add(self, *, messages: int, duplicates: int, unknown: int, lost: int, waiting: int = 0) -> None:
        """Count one round."""
        self.messages += messages
        self.duplicates += duplicates
        self.unknown.append(unknown)
        self.waiting += waiting
        self.lost += lost
        self.after_round(self)

    def counts(self) -> dict[str, Any]:
        """All of it as plain values, which one test process can hand to another."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "after_round"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how many rounds."""
    parser.addoption("--rounds", type=int, default=0, help="rounds of each fault; one, and no table, if not given")


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> range:
    """The rounds of a scenario, by number; a number is the seed of its round."""
    return range(pytestconfig.option.rounds or 1)


@pytest.fixture
def slow_rounds(rounds: range) -> range:
    """The rounds of a scenario that takes half a minute or more: a tenth of them."""
    return rounds[: max(1, len(rounds) // 10)]


@pytest.fixture
def tally(request: pytest.FixtureRequest, record_property: Any, rounds: range) -> Iterator[Tally]:
    """Counts what comes of a scenario, whose name is its test's."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    every = max(1, len(rounds) // _SAYINGS)

    def say(counted: Tally) -> None:
        number = len(counted.unknown)
        if request.config.option.rounds and number % every == 0:
            with capture.global_and_fixture_disabled():
                sys.stderr.write(f"\n{counted.scenario}: {number} rounds\n")

    counted = Tally(request.node.name.removeprefix("test_").replace("_", " "), after_round=say)
    yield counted
    record_property(_PROPERTY, counted.counts())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it."""
    if not config.option.rounds:
        return
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    tallies = [
        Tally(**value)
        for report in reports
        if getattr(report, "when", None) == "teardown"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    lines = table(sorted(tallies, key=lambda tally: tally.scenario))
    kept = SANDBOX / "faults.md"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("\n".join(lines) + "\n")
    terminalreporter.section(f"faults (also in {kept})")
    for line in lines:
        terminalreporter.write_line(line)


def table(tallies: list[Tally]) -> list[str]:
    """The lines of the table, in Markdown."""
    return [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|", *map(_line, tallies)]


def _line(tally: Tally) -> str:
    spread = f"{statistics.median(tally.unknown):g}, at most {max(tally.unknown)}" if tally.unknown else "-"
    cells = (tally.messages, tally.duplicates, sum(tally.unknown), tally.waiting, tally.lost, spread)
    return f"| {tally.scenario} | {len(tally.unknown)} | {' | '.join(map(str, cells))} |"
