"""Processes that send from one number at once keep within its rate together, and one that is alone uses all of it."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from partner_messages.message_log.shares import give_back_share, take_share
from partner_messages.sending import share
from support.log_rows import Log
from support.sending import ScriptedMeta, SendTask, dispatch_of, queue_messages, statuses
from whatsapp_provider.api.answers import Accepted, Answer

LEASE = dt.timedelta(seconds=10)
NEVER_MIND = dt.timedelta(0)
NUMBERS = itertools.count(1)


class Number:
    """A number from which several processes send.

    Args:
        log: The message log.
        rate: What it may send, messages a second.
    """

    def __init__(self, log: Log, rate: float = 80) -> None:
        self._log = log
        self._rate = rate
        self._id = f"number {next(NUMBERS)}"
        self._tokens: dict[str, uuid.UUID] = {}

    def take(self, process: str, wanted: float = 1_000) -> float:
        """Let a process look at its share."""
        token = self._tokens.setdefault(process, uuid.uuid4())
        return take_share(self._log, self._id, token, rate=self._rate, wanted=min(wanted, self._rate), lease=LEASE)

    def give_back(self, process: str, after: dt.timedelta = NEVER_MIND) -> None:
        """Let a process end."""
        give_back_share(self._log, self._id, self._tokens[process], after=after)

    def kill(self, process: str) -> None:
        """Let a process be gone for longer than its lease."""
        self._log.execute(
            "UPDATE sender_share SET expires_at = clock_timestamp() WHERE token = %s", [self._tokens[process]]
        )

    def shares(self) -> float:
        """What all that live hold together."""
        (row,) = self._log.execute(
            "SELECT coalesce(sum(per_second), 0) AS sum FROM sender_share"
            " WHERE phone_number_id = %s AND expires_at > clock_timestamp()",
            [self._id],
        )
        return float(row["sum"])


@pytest.mark.parametrize("rate", [80.0, 0.5, 1.5, 1_000.0])
def test_whoever_is_alone_has_the_whole_rate(log: Log, rate: float) -> None:
    assert Number(log, rate).take("A") == rate


def test_another_one_gets_its_part_once_the_first_has_given_it_up(log: Log) -> None:
    number = Number(log)

    assert [number.take(process) for process in "ABABA"] == [80, 0, 40, 40, 40]


def test_what_somebody_wants_little_of_is_left_to_the_others(log: Log) -> None:
    number = Number(log)
    number.take("A")

    assert [number.take("B", wanted=4), number.take("A"), number.take("B", wanted=4)] == [0, 76, 4]


def test_whoever_is_left_has_the_whole_rate_again(log: Log) -> None:
    number = Number(log)
    for process in "ABCABC":
        number.take(process)
    number.give_back("A")
    number.kill("B")

    assert number.take("C") == 80


def test_a_share_is_kept_from_the_others_until_another_message_might_have_left(log: Log) -> None:
    number = Number(log, rate=4)
    number.take("A")
    number.give_back("A", after=dt.timedelta(minutes=1))

    assert number.take("B") == 0


def test_numbers_do_not_share(log: Log) -> None:
    assert (Number(log).take("A"), Number(log).take("A")) == (80, 80)


@pytest.mark.parametrize(
    ("rate", "processes"), [(80, "ABC"), (10, "ABCDEFGHIJKLMN"), (2.5, "ABCD"), (1_000, "ABCDEFG")]
)
def test_shares_are_whole_messages_and_never_more_than_the_rate_together(log: Log, rate: float, processes: str) -> None:
    number = Number(log, rate)
    wanted = dict(zip(processes, itertools.cycle([1_000, 4, 30]), strict=False))

    for process in processes * 3:
        number.take(process, wanted[process])
        assert number.shares() <= rate
    assert number.shares() >= 0.9 * min(int(rate), sum(wanted.values()))
    number.kill("A")
    assert all(number.take(process, wanted[process]) % 1 == 0 for process in processes[1:])


def test_who_could_use_more_than_it_has_looks_sooner_whether_somebody_has_ended(log: Log) -> None:
    one, other = (share.RateShare(log, "number", 80, uuid.uuid4()) for _ in range(2))

    assert one.look(left=1_000)
    assert one.seconds_to_look > share.WAITING_SECONDS
    other.look(left=1_000)
    assert 0 < other.seconds_to_look <= share.WAITING_SECONDS
    one._look_at = 0.0
    one.look(left=1_000)
    assert one.per_second == 40
    assert 0 < one.seconds_to_look <= share.WAITING_SECONDS


@pytest.fixture
def held_elsewhere(log: Log) -> Iterator[uuid.UUID]:
    """Another process has all of the number's rate."""
    token = uuid.uuid4()
    take_share(log, "111000000000001", token, rate=80, wanted=80, lease=LEASE)
    yield token
    log.execute("DELETE FROM sender_share WHERE token = %s", [token])


def test_nothing_is_claimed_without_a_share_and_all_of_it_with_one(
    log: Log, held_elsewhere: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    taken = share.shares.take_share

    def look(*arguments: Any, **of_what: Any) -> float:
        looks.append(statuses(log, ids))
        if len(looks) == 3:
            give_back_share(log, "111000000000001", held_elsewhere, after=NEVER_MIND)
        return taken(*arguments, **of_what)

    monkeypatch.setattr(share.shares, "take_share", look)
    ids = queue_messages(log, 3)

    dispatch_of(log, ScriptedMeta(), per_second=80).send(ids)

    assert looks[:3] == [["queued"] * 3] * 3
    assert statuses(log, ids) == ["sent"] * 3


def test_what_does_not_get_its_turn_in_time_is_left_for_another_look(log: Log, held_elsewhere: uuid.UUID) -> None:
    ids = queue_messages(log, 3)

    assert dispatch_of(log, ScriptedMeta(), per_second=80).send(ids, within=0.01) == ids
    assert statuses(log, ids) == ["queued"] * 3


def test_the_shop_is_asked_again_of_what_was_left(
    send: SendTask, log: Log, held_elsewhere: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partner_messages.sending.batch.LOOK_AGAIN_AFTER", 0.1)
    ids = queue_messages(log, 3)
    asked: list[int] = []

    def look(_tick: object, messages: Any, *_: object) -> dict[uuid.UUID, Any]:
        asked.append(len(messages))
        if len(asked) == 2:
            give_back_share(log, "111000000000001", held_elsewhere, after=NEVER_MIND)
        return {}

    assert send(ids, no_longer_due=look).counts == {"sent": 3}
    assert asked[:2] == [3, 3]


def test_who_slept_over_the_lease_lets_nothing_leave_before_the_next_share(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share, "LEASE", NEVER_MIND)
    ids = queue_messages(log, 3)
    meta = ScriptedMeta()

    def look(*_: Any, **__: Any) -> float:
        if log.execute("SELECT FROM message_log WHERE id = ANY (%s) AND status = 'sending'", [ids]).fetchall():
            monkeypatch.setattr(share, "LEASE", LEASE)
        return 80.0

    monkeypatch.setattr(share, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(share.shares, "take_share", look)
    before: list[Any] = []

    def answered(_: dict[str, Any]) -> Answer:
        before.append(share.LEASE)
        return Accepted("wamid.A")

    meta = ScriptedMeta(answered)
    dispatch_of(log, meta, per_second=80).send(ids)

    assert before == [LEASE] * 3
    assert statuses(log, ids) == ["sent"] * 3
