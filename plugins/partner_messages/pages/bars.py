"""Bars as SVG, drawn on the server (pure): no script, no inline style; colours are classes of `ops.css`.

Each chart stands beside a table of the same numbers, so nobody needs to see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 600
BAR, LINE, GAP = 20, 26, 10
"""The height of a bar, of the line above it, and what lies between two, in the picture's own units."""


@dataclass(frozen=True)
class Part:
    """A part of a bar: its class in `ops.css`, what it stands for, and of how many."""

    name: str
    label: str
    number: int


@dataclass(frozen=True)
class Bar:
    """A bar, as long as every other one: its parts are shares of their sum."""

    label: str
    parts: Sequence[Part]

    @property
    def total(self) -> int:
        """The sum of its parts."""
        return sum(part.number for part in self.parts)

    @property
    def sentence(self) -> str:
        """The same in words."""
        said = ", ".join(f"{part.number:,} {part.label}" for part in self.parts if part.number)
        return f"{self.label}: {said or 'none'}"


def svg_bars(key: str, title: str, bars: Sequence[Bar]) -> Markup:
    """A chart of bars.

    Args:
        key: An id that no other chart of the page has.
        title: What it shows.
        bars: From the top to the bottom; one without any number is an empty frame.

    Returns:
        An `<svg>` with a title and a description for who does not see it; every text in it is escaped.
    """
    step = LINE + BAR + GAP
    description = "; ".join(bar.sentence for bar in bars)
    drawn = Markup("").join(_bar(bar, number * step) for number, bar in enumerate(bars))
    return Markup(
        '<svg class="bars" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{description}.</desc>{drawn}</svg>'
    ).format(
        width=WIDTH, height=max(len(bars) * step - GAP, 1), key=key, title=title, description=description, drawn=drawn
    )


def _bar(bar: Bar, top: int) -> Markup:
    said = Markup('<text x="0" y="{y}">{label} ({total})</text>').format(
        y=top + LINE - 8, label=bar.label, total=f"{bar.total:,}"
    )
    frame = Markup('<rect class="frame" x="0" y="{y}" width="{width}" height="{height}"/>').format(
        y=top + LINE, width=WIDTH, height=BAR
    )
    return said + frame + Markup("").join(_parts(bar, top + LINE))


def _parts(bar: Bar, y: int) -> list[Markup]:
    drawn, before = [], 0
    for part in bar.parts:
        if not part.number:
            continue
        x = WIDTH * before / bar.total
        width = WIDTH * part.number / bar.total
        drawn.append(
            Markup(
                '<rect class="{name}" x="{x}" y="{y}" width="{width}" height="{height}"><title>{said}</title></rect>'
            ).format(
                name=escape(part.name),
                x=f"{x:.1f}",
                y=y,
                width=f"{width:.1f}",
                height=BAR,
                said=f"{part.number:,} {part.label}",
            )
        )
        before += part.number
    return drawn
