"""How many messages a run may send: what is put off, and when a live run must be confirmed."""

from __future__ import annotations

import datetime as dt
import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import SlotHolder
from partner_messages.planning.reminders.inputs import LogKnowledge
from partner_messages.planning.reminders.plan import blast_radius
from support.deployment import TICK
from support.examples import DAY, PHONE, drafting_setup, log_knowledge, partner, shop_knowledge, stuck_run, tick
from support.planned import plan_reminders


def days_ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days=days)


def since(days: float) -> dt.datetime:
    return TICK - dt.timedelta(days=days)


def sent_and_put_off(runs: list[StuckRun], log: LogKnowledge, limit: int) -> tuple[list[str | None], list[str | None]]:
    drafts = plan_reminders(tick(), runs, log=log, setup=drafting_setup(limit=limit))
    return (
        [draft.production_run_id for draft in drafts if draft.skip_reason is None],
        [draft.production_run_id for draft in drafts if draft.skip_reason == SkipReason.OVER_LIMIT],
    )


def test_the_least_recently_reminded_go_first_then_the_oldest() -> None:
    runs = [
        stuck_run("reminded yesterday, very old", since=since(90)),
        stuck_run("reminded last week, young", since=since(2)),
        stuck_run("never reminded, young", since=since(1.5)),
        stuck_run("never reminded, old", since=since(20)),
        stuck_run("reminded last week, old", since=since(30)),
    ]
    log = log_knowledge(
        last_reminded={
            "reminded yesterday, very old": days_ago(1),
            "reminded last week, young": days_ago(7),
            "reminded last week, old": days_ago(7),
        }
    )
    order = [
        "never reminded, old",
        "never reminded, young",
        "reminded last week, old",
        "reminded last week, young",
        "reminded yesterday, very old",
    ]

    for limit in range(1, 6):
        sent, put_off = sent_and_put_off(runs, log, limit)
        assert set(sent) == set(order[:limit])
        assert set(put_off) == set(order[limit:])


def test_of_equals_the_same_ones_go_first_every_time() -> None:
    runs = [stuck_run(f"R{number}") for number in range(9)]
    shuffled = random.Random(4).sample(runs, len(runs))

    assert set(sent_and_put_off(runs, log_knowledge(), 4)[0]) == set(sent_and_put_off(shuffled, log_knowledge(), 4)[0])


@pytest.mark.parametrize(("limit", "put_off"), [(2, 1), (3, 0), (4, 0)])
def test_exactly_the_limit_is_within_it(limit: int, put_off: int) -> None:
    runs = [stuck_run(f"R{number}") for number in range(3)]

    assert len(sent_and_put_off(runs, log_knowledge(), limit)[1]) == put_off


def test_only_messages_count_not_skips() -> None:
    shop = shop_knowledge(partners={"P1": partner("P1"), "P2": partner("P2", status="inactive")})
    # The skipped ones are the oldest: they would go first if they counted.
    runs = [stuck_run(f"S{number}", partner_id="P2", since=since(50)) for number in range(5)]
    runs += [stuck_run("R1"), stuck_run("R2")]

    drafts = plan_reminders(tick(), runs, without_partner=("N1", "N2"), shop=shop, setup=drafting_setup(limit=2))

    reasons = {draft.production_run_id: draft.skip_reason for draft in drafts}
    assert (reasons["R1"], reasons["R2"]) == (None, None)
    assert SkipReason.OVER_LIMIT not in reasons.values()


def test_what_is_put_off_keeps_what_it_would_have_said() -> None:
    drafts = plan_reminders(
        tick(),
        [stuck_run("R1"), stuck_run("R2", since=since(9))],
        setup=drafting_setup(limit=1),
    )

    put_off = next(draft for draft in drafts if draft.skip_reason)
    assert (put_off.production_run_id, put_off.to_phone) == ("R1", PHONE)
    assert put_off.body_text


def test_what_an_earlier_run_lets_wait_for_its_recipient_s_day_is_left_to_it() -> None:
    earlier = tick(7).id
    log = log_knowledge(
        slot_holders={
            "R2": SlotHolder(uuid.uuid4(), "queued", earlier, waits=True),
            "R3": SlotHolder(uuid.uuid4(), "queued", earlier),
        }
    )
    runs = [stuck_run("R1", since=since(9)), stuck_run("R2", since=since(8)), stuck_run("R3", since=since(7))]

    assert sent_and_put_off(runs, log, limit=2) == (["R1", "R2"], ["R3"])
    assert sent_and_put_off(runs, log, limit=1) == (["R1"], ["R3"])


@given(
    ages=st.lists(st.integers(2, 60), max_size=30),
    reminded=st.dictionaries(st.integers(0, 29), st.integers(1, 5), max_size=30),
    limit=st.integers(1, 40),
)
def test_nothing_is_dropped_and_nothing_sent_is_less_urgent_than_what_is_put_off(
    ages: list[int], reminded: dict[int, int], limit: int
) -> None:
    runs = [stuck_run(str(number), since=since(age)) for number, age in enumerate(ages)]
    log = log_knowledge(last_reminded={str(number): days_ago(days) for number, days in reminded.items()})

    sent, put_off = sent_and_put_off(runs, log, limit)

    def rank(run_id: str | None) -> tuple[int, int]:
        # Days since the last reminder (never is for ever) and days stuck, the larger the more urgent.
        number = int(run_id or "")
        return (reminded.get(number, 10_000), ages[number])

    assert sorted([*sent, *put_off], key=str) == sorted(map(str, range(len(ages))))
    assert len(sent) == min(limit, len(ages))
    assert all(rank(run_id) >= rank(other) for run_id in sent for other in put_off)


@pytest.mark.parametrize(
    ("confirm_above", "recent", "allowed"),
    [
        pytest.param(None, [], 50, id="the first live run ever: 50"),
        pytest.param(None, [0, 0, 0], 50, id="quiet days: still 50"),
        pytest.param(None, [16], 50, id="three times 16 is less than 50"),
        pytest.param(None, [17], 51, id="three times 17 is more"),
        pytest.param(None, [40, 20, 30], 90, id="three times the median, in any order"),
        pytest.param(None, [30, 30, 30, 5000], 90, id="one huge day does not raise it"),
        pytest.param(20, [400] * 10, 20, id="a number of ops' own goes before"),
        pytest.param(5000, [], 5000, id="also a large one"),
    ],
)
def test_the_blast_radius(confirm_above: int | None, recent: list[int], allowed: int) -> None:
    assert blast_radius(confirm_above, recent) == allowed
