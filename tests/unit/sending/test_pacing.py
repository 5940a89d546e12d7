"""How fast messages may leave, by a clock that only waiting moves."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.sending.pacing import AT_ONCE, CATCH_UP, CATCH_UP_SPEED, MARGIN, SLOWER, SLOWEST, Pacer
from support.at_once import at_once

RATES = st.integers(2, 1_000)
LATENESS = st.floats(0, 3, allow_nan=False)


class Clock:
    """Time stands still but for waiting, and passes a little more than was asked for where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.late: list[float] = []
        self.waits = 0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits += 1
        # Never exactly: a wait that ends a hair too early must not let a request slip out.
        self.now += seconds + 1e-9 + (self.late.pop() if self.late else 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def paced(clock: Clock, per_second: float) -> Pacer:
    return Pacer(per_second, clock=clock, wait=clock.wait)


def departures(pacer: Pacer, clock: Clock, count: int) -> list[float]:
    times = []
    for _ in range(count):
        pacer.take_turn()
        times.append(clock.now)
    return times


@given(RATES, st.lists(LATENESS, max_size=50), st.floats(0, 3))
def test_no_second_holds_more_than_the_rate_however_late_threads_wake(
    rate: int, late: list[float], idle: float
) -> None:
    clock = Clock()
    clock.late = late
    pacer = paced(clock, rate)
    times = departures(pacer, clock, rate)
    clock.now += idle
    times += departures(pacer, clock, rate)

    assert all(later - earlier > 1 for earlier, later in zip(times, times[rate:], strict=False))


@pytest.mark.parametrize("rate", [1, 20, 80, 1_000])
def test_the_rate_is_nearly_used_up_though_every_thread_wakes_a_little_late(clock: Clock, rate: int) -> None:
    count = 5 * rate
    clock.late = [0.001] * count
    times = departures(paced(clock, rate), clock, count)

    assert (count - 1) / times[-1] == pytest.approx(rate * MARGIN, rel=0.01)


@pytest.mark.parametrize("rate", [20, 80, 1_000])
def test_the_rate_is_nearly_used_up_though_threads_wake_much_too_late_now_and_then(clock: Clock, rate: int) -> None:
    clock.late = ([CATCH_UP / 8] + [0.0] * int(0.37 * rate)) * 30
    times = departures(paced(clock, rate), clock, 10 * rate)

    assert (10 * rate - 1) / times[-1] == pytest.approx(rate * MARGIN, rel=0.02)


def test_lateness_is_made_good_a_little_faster_and_not_in_a_burst(clock: Clock) -> None:
    pacer = paced(clock, 80)
    departures(pacer, clock, 80)
    clock.now += CATCH_UP
    times = departures(pacer, clock, 80)

    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert sum(gaps[:8]) == pytest.approx(8 / (80 * MARGIN * CATCH_UP_SPEED), abs=AT_ONCE)


def test_requests_leave_evenly(clock: Clock) -> None:
    times = departures(paced(clock, 80), clock, 160)

    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([1 / (80 * MARGIN)] * 159, rel=1e-3)


def test_the_first_request_leaves_at_once(clock: Clock) -> None:
    paced(clock, 0.1).take_turn()

    assert clock.waits == 0


@given(st.lists(st.tuples(RATES, st.integers(1, 60)), min_size=2, max_size=12), st.lists(LATENESS, max_size=50))
def test_however_often_a_share_changes_no_second_holds_more_than_it_allowed(
    shares: list[tuple[int, int]], late: list[float]
) -> None:
    clock = Clock()
    clock.late = late
    pacer = paced(clock, shares[0][0])
    times: list[float] = []
    changes: list[tuple[float, int]] = []
    for rate, count in shares:
        pacer.keep_to(rate)
        changes.append((clock.now, rate))
        times += departures(pacer, clock, count)

    def allowed(until: float) -> float:
        ends = [at for at, _ in changes[1:]] + [until]
        return sum(
            max(0.0, min(until, end) - max(until - 1, since)) * rate
            for (since, rate), end in zip(changes, ends, strict=True)
        )

    for number, at in enumerate(times):
        in_a_second = sum(1 for one in times[: number + 1] if one > at - 1)
        assert in_a_second <= allowed(at) + 1


def test_a_share_that_changes_all_the_time_is_used_up(clock: Clock) -> None:
    pacer = paced(clock, 500)
    shares = [500, 400, 500, 250, 500, 350] * 10
    began, wanted = clock.now, 0.0
    for share in shares:
        pacer.keep_to(share)
        departures(pacer, clock, 50)
        wanted += 50 / (share * MARGIN)

    assert clock.now - began == pytest.approx(wanted, rel=0.02)


def test_the_last_messages_of_a_share_that_was_mostly_given_back_wait_for_its_rest_alone(clock: Clock) -> None:
    pacer = paced(clock, 80)
    before = departures(pacer, clock, 80)[-1]

    pacer.keep_to(4)
    first, second = departures(pacer, clock, 2)

    assert first - before < 0.05
    assert second - first == pytest.approx(1 / (4 * MARGIN), rel=0.01)


def test_a_number_that_was_too_fast_goes_on_slower_and_wins_its_pace_back(clock: Clock) -> None:
    pacer = paced(clock, 80)
    whole = pacer.per_second

    pacer.slow_down()
    assert pacer.per_second == pytest.approx(whole * SLOWER)

    departures(pacer, clock, 400)
    assert pacer.per_second == whole


def test_refusals_of_one_second_are_one_refusal(clock: Clock) -> None:
    pacer = paced(clock, 80)
    whole = pacer.per_second
    for _ in range(30):
        pacer.slow_down()
    assert pacer.per_second == pytest.approx(whole * SLOWER)

    clock.now += 1
    pacer.slow_down()
    assert pacer.per_second == pytest.approx(whole * SLOWER**2)


def test_a_number_is_never_slowed_down_to_nothing(clock: Clock) -> None:
    for rate, slowest in ((80.0, SLOWEST), (0.5, 0.5 * MARGIN)):
        pacer = paced(clock, rate)
        for _ in range(100):
            pacer.slow_down()
            clock.now += 1
        assert pacer.per_second == slowest


def test_a_pause_that_meta_asked_for_is_kept(clock: Clock) -> None:
    pacer = paced(clock, 80)
    departures(pacer, clock, 10)
    paused_at = clock.now
    pacer.slow_down(7)
    pacer.slow_down(2)

    pacer.take_turn()
    assert clock.now >= paused_at + 7


def test_a_thread_that_waits_already_keeps_the_pause_too(clock: Clock) -> None:
    def refused_meanwhile(seconds: float) -> None:
        if not clock.waits:
            pacer.slow_down(5)
        clock.wait(seconds)

    pacer = Pacer(80, clock=clock, wait=refused_meanwhile)
    pacer.take_turn()
    pacer.take_turn()

    assert clock.now >= 5


def test_threads_get_a_turn_each_and_none_twice(clock: Clock) -> None:
    pacer = paced(clock, 100)

    at_once(*[lambda: departures(pacer, clock, 50)] * 8)

    assert pacer.turns == 400
    assert clock.now == pytest.approx(399 / pacer.per_second, rel=1e-3)


def test_nobody_waits_any_more_once_nothing_is_to_leave() -> None:
    asked: list[float] = []

    def ended(seconds: float) -> bool:
        asked.append(seconds)
        return True

    pacer = Pacer(0.001, clock=lambda: 0.0, wait=ended)
    for _ in range(3):
        pacer.take_turn()

    assert len(asked) == 2
