"""How many cases a comparison of two groups needs, and what it shows."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import pytest

from partner_messages.pages.comparison import Comparison, Group, difference, sample_size


@pytest.mark.parametrize(
    ("first", "second", "power", "needed"),
    [
        # R: power.prop.test(p1 = .50, p2 = .75, power = .90) says n = 76.7 (it is in its help page).
        (0.5, 0.75, 0.9, 77),
        # R: power.prop.test(p1 = .15, p2 = .30, power = .80, sig.level = .05) says n = 120.5.
        (0.15, 0.30, 0.8, 121),
        # R: power.prop.test(p1 = .4, p2 = .6, power = .8) says n = 96.9.
        (0.4, 0.6, 0.8, 97),
        (0.6, 0.4, 0.8, 97),
    ],
)
def test_the_sizes_are_the_known_ones(first: float, second: float, power: float, needed: int) -> None:
    assert sample_size(first, second, power=power) == needed


@pytest.mark.parametrize("ratio", [1, 3, 9])
def test_a_group_of_that_size_has_the_power_and_one_of_one_less_has_not(ratio: int) -> None:
    """The power as it is computed forward, for groups of which the second is so many times as large."""
    normal, first, second = NormalDist(), 0.4, 0.6

    def power(n: int) -> float:
        pooled = (first + ratio * second) / (1 + ratio)
        null = (pooled * (1 - pooled) * (1 / n + 1 / (ratio * n))) ** 0.5
        apart = (first * (1 - first) / n + second * (1 - second) / (ratio * n)) ** 0.5
        return normal.cdf((second - first - normal.inv_cdf(0.975) * null) / apart)

    n = sample_size(first, second, ratio=ratio)
    assert power(n - 1) < 0.8 <= power(n)


def test_the_interval_is_the_published_one() -> None:
    """Newcombe 1998, table II: 56 of 70 against 48 of 80."""
    apart, least, most = difference(Group(70, 56), Group(80, 48))
    assert (round(apart, 4), round(least, 4), round(most, 4)) == (0.2, 0.0524, 0.3339)


def counts(held_back: int, moved: int, reminded: int, with_moved: int, **others: int) -> list[dict[str, Any]]:
    rows = [
        (True, "moved", moved),
        (True, "still_stuck", held_back - moved),
        (False, "moved", with_moved),
        (False, "still_stuck", reminded - with_moved),
        *((True, outcome, number) for outcome, number in others.items()),
        (False, None, 4),
    ]
    return [{"held_back": held, "outcome": outcome, "cases": number} for held, outcome, number in rows if number]


def test_no_figure_is_shown_before_there_are_enough_cases() -> None:
    needed = Comparison.of(counts(50, 20, 450, 270), 0.1).needed
    assert needed == sample_size(0.4, 0.6, ratio=9)
    assert not Comparison.of(counts(needed - 1, 20, 9 * (needed - 1), 270), 0.1).is_enough
    assert Comparison.of(counts(needed, 20, 9 * needed, 270), 0.1).is_enough
    assert not Comparison.of([], 0.1).is_enough
    assert not Comparison.of([], 0).is_enough


def test_what_says_nothing_is_in_no_group() -> None:
    found = Comparison.of(counts(10, 4, 90, 50, spoilt=2, by_the_shop=1), 0.1)
    assert (found.held_back, found.reminded) == (Group(10, 4), Group(90, 50))
    assert (found.set_aside, found.open) == (3, 4)
