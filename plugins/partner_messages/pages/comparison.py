"""What reminders do: two groups drawn by lot are compared, once they are large enough (pure).

No figure is shown before: whoever looks at a difference again and again sees one in the end, whether there is any or
not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

POWER = 0.8
"""How likely a difference that there is must be to be seen."""
LEVEL = 0.05
"""How likely one may be seen where there is none."""
FROM, TO = 0.4, 0.6
"""The difference that is to be seen: 20 percentage points, where it takes the most cases (around one half)."""
DIFFERENCE = round(100 * (TO - FROM))

_Z = NormalDist().inv_cdf


def sample_size(first: float, second: float, *, ratio: float = 1, power: float = POWER, level: float = LEVEL) -> int:
    """How many cases a two-sided comparison of two proportions needs in its first group.

    By the normal approximation with the pooled variance under the null hypothesis (Fleiss, Statistical Methods for
    Rates and Proportions, without the correction for continuity; R's `power.prop.test` where the groups are as large).

    Args:
        first: The proportion in the first group, from 0 to 1.
        second: That in the second one; another number.
        ratio: How many times as large the second group is.
        power: How likely the difference is to be seen.
        level: How likely a difference may be seen where there is none.
    """
    pooled = (first + ratio * second) / (1 + ratio)
    under_null = math.sqrt((1 + 1 / ratio) * pooled * (1 - pooled))
    as_it_is = math.sqrt(first * (1 - first) + second * (1 - second) / ratio)
    return math.ceil(((_Z(1 - level / 2) * under_null + _Z(power) * as_it_is) / (first - second)) ** 2)


@dataclass(frozen=True)
class Group:
    """The cases of one group that came out, and in how many of them the run moved."""

    cases: int = 0
    moved: int = 0

    @property
    def share(self) -> float:
        """How many of them moved, from 0 to 1."""
        return self.moved / self.cases

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the true one lies, with 95 % (Wilson's score interval)."""
        z, n, p = _Z(1 - LEVEL / 2), self.cases, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return middle - half, middle + half


def difference(first: Group, second: Group) -> tuple[float, float, float]:
    """How much larger the share of the first group is, and the least and the most that it may be, with 95 %.

    The interval is Newcombe's (Statistics in Medicine 17, 1998, method 10).
    """
    apart = first.share - second.share
    (low1, high1), (low2, high2) = first.interval, second.interval
    least = apart - math.hypot(first.share - low1, high2 - second.share)
    most = apart + math.hypot(high1 - first.share, second.share - low2)
    return apart, least, most


@dataclass(frozen=True)
class Comparison:
    """The comparison as it stands.

    Attributes:
        share: Which share of the partners is held back at the moment; 0: nobody.
        held_back: Those who were not reminded.
        reminded: Those who were.
        open: Cases of which it is not known yet how they come out.
        set_aside: Cases that say nothing: the shop moved the run, or its partner was reminded all the same.
    """

    share: float
    held_back: Group
    reminded: Group
    open: int = 0
    set_aside: int = 0

    @classmethod
    def of(cls, counts: Iterable[Mapping[str, Any]], share: float) -> Comparison:
        """From rows of `counted_cases`."""
        numbers: dict[tuple[bool, str | None], int] = {
            (row["held_back"], row["outcome"]): row["cases"] for row in counts
        }

        def group(held_back: bool) -> Group:
            moved, stuck = (numbers.get((held_back, outcome), 0) for outcome in ("moved", "still_stuck"))
            return Group(moved + stuck, moved)

        def cases(*outcomes: str | None) -> int:
            return sum(number for (_, outcome), number in numbers.items() if outcome in outcomes)

        return cls(share, group(True), group(False), cases(None), cases("by_the_shop", "spoilt"))

    @property
    def needed(self) -> int:
        """How many cases without a reminder it takes, beside as many with one as there are to each of them."""
        if self.held_back.cases and self.reminded.cases:
            ratio = self.reminded.cases / self.held_back.cases
        else:
            ratio = (1 - self.share) / self.share if self.share else 9
        return sample_size(FROM, TO, ratio=ratio)

    @property
    def is_enough(self) -> bool:
        """Whether a figure may be shown."""
        return self.reminded.cases > 0 and self.held_back.cases >= self.needed

    @property
    def result(self) -> tuple[float, float, float]:
        """How much more often a run moves with reminders, in percentage points, and between what (95 %)."""
        apart, least, most = difference(self.reminded, self.held_back)
        return 100 * apart, 100 * least, 100 * most
