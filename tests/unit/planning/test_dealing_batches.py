"""Dealing messages out to mapped tasks."""

from __future__ import annotations

import collections
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.messages.values import QueuedMessage
from partner_messages.planning.reminders.batches import PER_PROCESS, Batch, deal
from support.examples import queued_message

RENDERED_MAP_INDEX_COLUMN = 250
"""Characters that Airflow keeps of a mapped task's name; a longer one fails the task."""


def messages(**by_sender: int) -> list[QueuedMessage]:
    return [
        queued_message(f"{sender}{number}", sender=sender)
        for sender, many in by_sender.items()
        for number in range(many)
    ]


def dealt(
    queued: list[QueuedMessage], each: int = 3, size: int = 2, length: int = 100, rates: Mapping[str, float] = {}
) -> list[Batch]:
    return deal(queued, task_each_up_to=each, chunk_size=size, max_map_length=length, rates=rates)


def test_a_day_without_messages_has_no_tasks() -> None:
    assert dealt([]) == []
    assert dealt([], each=0) == []


def test_one_message_is_one_task_that_says_whom_it_is_about() -> None:
    (batch,) = dealt([queued_message("M1", partner_name="Meera 🌸", about="not_started", sender="au")])

    assert batch == Batch(label="Meera 🌸 · not_started", sender="au", message_ids=("M1",))


def test_messages_of_one_partner_are_told_apart_by_their_designs() -> None:
    batches = dealt([queued_message("M1", design_name="Indigo saree"), queued_message("M2", design_name=" ")])

    assert [batch.label for batch in batches] == ["Rajesh Textiles · Indigo saree · idle", "Rajesh Textiles · idle"]


@pytest.mark.parametrize(
    ("many", "each", "labels"),
    [
        pytest.param(2, 3, ["Rajesh Textiles · idle"] * 2, id="fewer than the setting: one each"),
        pytest.param(3, 3, ["Rajesh Textiles · idle"] * 3, id="exactly as many: one each"),
        pytest.param(4, 3, ["chunk 1 of 2 · 2 messages", "chunk 2 of 2 · 2 messages"], id="one more: chunks"),
        pytest.param(
            5,
            3,
            ["chunk 1 of 3 · 2 messages", "chunk 2 of 3 · 2 messages", "chunk 3 of 3 · 1 message"],
            id="the last chunk may be smaller",
        ),
        pytest.param(1, 0, ["chunk 1 of 1 · 1 message"], id="the setting at nought: always chunks"),
    ],
)
def test_up_to_the_setting_each_message_is_its_own_task(many: int, each: int, labels: list[str]) -> None:
    assert [batch.label for batch in dealt(messages(**{"in": many}), each=each)] == labels


def test_a_chunk_holds_one_sender_s_messages() -> None:
    batches = dealt(messages(au=1, **{"in": 5}))

    assert [(batch.sender, len(batch.message_ids)) for batch in batches] == [("au", 1), ("in", 2), ("in", 2), ("in", 1)]


@pytest.mark.parametrize(
    ("many", "rate", "sizes"),
    [
        pytest.param(10_000, 80, [10_000], id="one process keeps 80 a second"),
        pytest.param(10_000, PER_PROCESS, [10_000], id="all that one process can do"),
        pytest.param(10_000, 1_000, [5_000, 5_000], id="two processes"),
        pytest.param(700, 1_000, [350, 350], id="a little more than one can do in a second"),
        pytest.param(300, 1_000, [300], id="less than a second's work for one"),
        pytest.param(25_000, 80, [10_000, 10_000, 5_000], id="no more in one than the setting says"),
        pytest.param(10, 0.5, [10], id="a very slow number"),
    ],
)
def test_there_are_no_more_chunks_than_keep_the_sender_s_rate(many: int, rate: float, sizes: list[int]) -> None:
    batches = dealt(messages(**{"in": many}), size=10_000, rates={"in": rate})

    assert [len(batch.message_ids) for batch in batches] == sizes


def test_fewer_tasks_than_messages_are_allowed_so_one_each_is_too_many() -> None:
    batches = dealt(messages(**{"in": 8}), each=50, size=2, length=4)

    assert len(batches) <= 4
    assert sum(len(batch.message_ids) for batch in batches) == 8


def test_chunks_grow_where_airflow_would_not_take_so_many() -> None:
    batches = dealt(messages(au=10, europe=3, **{"in": 9_000}), size=5, length=20)

    assert len(batches) <= 20
    assert len({message_id for batch in batches for message_id in batch.message_ids}) == 9_013


def test_a_task_s_name_fits_into_airflow_s_column() -> None:
    (batch,) = dealt(
        [queued_message(partner_name="Ganesh " * 714, design_name="Saree " * 800, about="assignment_pending")]
    )

    assert len(batch.label) <= RENDERED_MAP_INDEX_COLUMN
    assert batch.label.startswith("Ganesh Ganesh")
    assert batch.label.endswith(" · assignment_pending")


def test_a_batch_travels_as_json_values() -> None:
    (batch,) = dealt(messages(**{"in": 1}))

    assert batch.to_xcom() == {
        "label": "Rajesh Textiles · idle",
        "sender": "in",
        "message_ids": ["in0"],
    }


@given(
    by_sender=st.lists(st.integers(0, 120), min_size=1, max_size=4),
    each=st.integers(0, 60),
    size=st.integers(1, 70),
    length=st.integers(5, 60),
    rate=st.integers(1, 10_000),
)
def test_every_message_is_dealt_once_within_what_airflow_and_the_senders_take(
    by_sender: list[int], each: int, size: int, length: int, rate: int
) -> None:
    queued = messages(**{f"s{number}_": many for number, many in enumerate(by_sender)})

    batches = dealt(queued, each, size, length, dict.fromkeys((one.sender for one in queued), rate))

    assert [message_id for batch in batches for message_id in batch.message_ids] == [one.id for one in queued]
    assert len(batches) <= length
    assert all(batch.message_ids for batch in batches)
    of_message = {message.id: message.sender for message in queued}
    assert all(of_message[message_id] == batch.sender for batch in batches for message_id in batch.message_ids)
    if len(queued) > min(each, length):
        assert max(collections.Counter(batch.label for batch in batches).values()) == 1
