"""The table that the bench prints, made from numbers (pure)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

HEAD = ("what", "measured", "beside", "ratio", "target", "130429", "met")


@dataclass(frozen=True)
class Sample:
    """Several measurements of one thing.

    Attributes:
        values: In the order in which they were taken.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one that counts: on a machine that others share, a mean is theirs as much as ours."""
        return statistics.median(self.values)

    def said(self, unit: str, decimals: int = 0) -> str:
        """The median, and how far the others lie from it."""
        median, least, most = (f"{value:,.{decimals}f}" for value in (self.median, min(self.values), max(self.values)))
        return f"{median} {unit}" if len(self.values) == 1 else f"{median} {unit} ({least} to {most})"


@dataclass(frozen=True)
class Target:
    """What a row is to reach.

    Attributes:
        sense: Whether the number is the least allowed, or must not be reached.
        number: In `unit`.
        unit: `x` (times as much) and `%` are ratios, which have a column of their own.
    """

    sense: Literal["at least", "under"]
    number: float
    unit: str

    def is_met(self, reached: float) -> bool:
        """Whether a number in the target's unit is good enough."""
        return reached >= self.number if self.sense == "at least" else reached < self.number

    def ratio(self, reached: float) -> str:
        """A number in the target's unit as the column for ratios says it; empty where it is none."""
        return f"{reached:.1f} {self.unit}" if self.unit in {"x", "%"} else ""

    def __str__(self) -> str:
        return f"{self.sense} {self.number:,g} {self.unit}"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured, with its size.
        measured: The measurement as people read it.
        beside: What it is compared with; empty where the target is absolute.
        reached: The measurement in the target's unit.
        target: What it is to reach.
        refusals: How often Meta said 130429 (too fast), which must be never; None where nothing was sent.
    """

    what: str
    measured: str
    reached: float
    target: Target
    beside: str = ""
    refusals: int | None = None

    @property
    def is_met(self) -> bool:
        """Whether the target was reached, without a refusal."""
        return self.target.is_met(self.reached) and not self.refusals

    def cells(self) -> tuple[str, ...]:
        """The row's texts, in the order of `HEAD`."""
        refusals = "" if self.refusals is None else str(self.refusals)
        met = "yes" if self.is_met else "missed"
        return (self.what, self.measured, self.beside, self.target.ratio(self.reached), str(self.target), refusals, met)


def memory_row(whose: str, peak_mb: float, beside: str = "") -> Row:
    """How much memory a task process took at its highest."""
    return Row(f"memory of {whose}", f"{peak_mb:,.0f} MB", peak_mb, Target("under", 300, "MB"), beside)


def table(rows: Sequence[Row]) -> list[str]:
    """The lines of a Markdown table, its columns aligned so that it reads well as it is."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]

    def piped(cells: Sequence[str], pad: Callable[[str, int], str]) -> str:
        return "| " + " | ".join(pad(cell, width) for cell, width in zip(cells, widths, strict=True)) + " |"

    head, *body = [piped(line, str.ljust) for line in lines]
    return [head, piped([""] * len(HEAD), lambda _, width: "-" * width), *body]


def page(rows: Sequence[Row], commit: str, machine: str) -> str:
    """The page of the docs that a whole bench writes."""
    said = (
        f"`make bench` wrote this page at commit `{commit}` on a machine with {machine}. Seconds are that machine's;"
        " the ratios are what\nto compare. Each figure is a median; in brackets the least and the most."
    )
    return "\n".join(["# What was measured", "", said, "", *table(rows), ""])
