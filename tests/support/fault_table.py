"""How often each fault is let loose, and the table of what came of it (a pytest plugin).

`make test` has a few rounds of each, `make faults` as many as it is told, and it prints the table.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

QUICK_ROUNDS = 2
_PROPERTY = "faults"
_COLUMNS = ("scenario", "rounds", "messages", "duplicates", "unknown", "lost", "unknown in a round")


@dataclass
class Tally:
    """What came of one scenario's rounds.

    Attributes:
        scenario: What was done, in a few words.
        messages: How many were to be sent.
        duplicates: How many were taken by Meta once more than they should have been.
        unknown: How many are in doubt for good, round by round.
        lost: How many were neither taken nor are in doubt.
    """

    scenario: str
    messages: int = 0
    duplicates: int = 0
    unknown: list[int] = field(default_factory=list)
    lost: int = 0

    def add(self, *, messages: int, duplicates: int, unknown: int, lost: int) -> None:
        """Count one round."""
        self.messages += messages
        self.duplicates += duplicates
        self.unknown.append(unknown)
        self.lost += lost


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how many rounds."""
    parser.addoption("--rounds", type=int, default=0, help="rounds of each fault; a few, and no table, if not given")


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> range:
    """The rounds of a scenario, by number; a number is the seed of its round."""
    return range(pytestconfig.option.rounds or QUICK_ROUNDS)


@pytest.fixture
def tally(request: pytest.FixtureRequest, record_property: Any) -> Iterator[Tally]:
    """Counts what comes of a scenario, whose name is its test's."""
    counted = Tally(request.node.name.removeprefix("test_").replace("_", " "))
    yield counted
    record_property(_PROPERTY, asdict(counted))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
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
    terminalreporter.section("faults")
    for line in table(sorted(tallies, key=lambda tally: tally.scenario)):
        terminalreporter.write_line(line)


def table(tallies: list[Tally]) -> list[str]:
    """The lines of the table, in Markdown."""
    return [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|", *map(_line, tallies)]


def _line(tally: Tally) -> str:
    spread = f"{statistics.median(tally.unknown):g}, at most {max(tally.unknown)}" if tally.unknown else "-"
    cells = (tally.messages, tally.duplicates, sum(tally.unknown), tally.lost, spread)
    return f"| {tally.scenario} | {len(tally.unknown)} | {' | '.join(map(str, cells))} |"
