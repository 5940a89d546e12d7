"""How far ahead of its turn a request is let go: what was let go is what a crash leaves in doubt."""

import pytest

from partner_messages.sending.dispatch import LOTS_A_SECOND, LOTS_AHEAD, seconds_ahead


@pytest.mark.parametrize("per_second", [1, 20, 80, 250, 1_000])
@pytest.mark.parametrize("commit_seconds", [0.0, 0.003, 0.02, 1.0, 60.0])
def test_no_more_than_a_few_are_let_go_however_slow_the_database_is(per_second: float, commit_seconds: float) -> None:
    ahead = seconds_ahead(per_second, commit_seconds) * per_second
    assert ahead <= LOTS_AHEAD * max(1.0, per_second / LOTS_A_SECOND)


def test_at_the_rate_of_an_ordinary_number_each_goes_by_itself() -> None:
    assert seconds_ahead(80, 0.003) * 80 < 1


def test_a_fast_number_pays_for_no_more_commits() -> None:
    assert seconds_ahead(1_000, 0.003) * 1_000 >= 2 * (1_000 / LOTS_A_SECOND - 1)
