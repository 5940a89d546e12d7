"""How many requests a task has under way at once."""

from __future__ import annotations

import pytest

from partner_messages.sending.carriers import ANSWER_SECONDS, MOST_CONNECTIONS, connections_for


@pytest.mark.parametrize(
    ("per_second", "connections"),
    [(0.01, 1), (1, 1), (2, 1), (10, 5), (80, 40), (128, 64), (1_000, 64), (100_000, 64)],
)
def test_there_are_as_many_connections_as_the_rate_needs(per_second: float, connections: int) -> None:
    assert connections_for(per_second) == connections


@pytest.mark.parametrize("per_second", [10, 80, 100])
def test_the_usual_rates_are_kept_though_meta_takes_its_time(per_second: float) -> None:
    assert connections_for(per_second) / ANSWER_SECONDS >= per_second
    assert connections_for(per_second) < MOST_CONNECTIONS
