"""The values a message is on its way: its key, and what may be seen of it in a log."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.database.named_sql import blocks
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.messages.values import Message, reminder_context_id
from partner_messages.ops.summary import Named
from partner_messages.shop.names import Names
from support.examples import PHONE, claimed_message, draft

ID = uuid.UUID(int=7)
RUN = "prod_run_01J0000000000000000SENT10D"


def test_the_key_of_a_reminder_is_the_run_and_the_day() -> None:
    assert reminder_context_id(RUN, dt.date(2026, 4, 5)) == f"{RUN}:reminder:2026-04-05"


run_ids = st.text(st.characters(exclude_characters=":", codec="utf-8"), min_size=1, max_size=40)


@given(one=st.tuples(run_ids, st.dates()), other=st.tuples(run_ids, st.dates()))
def test_two_reminders_share_a_key_only_if_run_and_day_are_the_same(
    one: tuple[str, dt.date], other: tuple[str, dt.date]
) -> None:
    assert (reminder_context_id(*one) == reminder_context_id(*other)) == (one == other)


def test_the_statuses_are_those_of_the_database_and_of_its_queries() -> None:
    schema = (Path(__file__).resolve().parents[3] / "docs" / "schema.sql").read_text(encoding="utf-8")
    (check,) = re.findall(r"message_log_status_check CHECK (.*)", schema)
    taken = blocks()["taken_by_meta"].text.splitlines()[-1]

    assert set(re.findall(r"'(\w+)'", check)) == set(MessageStatus)
    assert set(re.findall(r"'(\w+)'", taken)) == TAKEN_BY_META


def message() -> Message:
    values: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Message))
    return Message(**{**values, "to_phone": PHONE})


@pytest.mark.parametrize("value", [draft(), message(), claimed_message()], ids=lambda value: type(value).__name__)
def test_a_phone_number_is_not_seen_in_what_is_printed(value: Any) -> None:
    assert value.to_phone == PHONE
    assert PHONE[-4:] not in repr(value)


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        (("skipped", "over_limit", None, None), "skipped over_limit | run R1, partner P1"),
        (("failed", None, 131026, "Not on WhatsApp"), "failed Not on WhatsApp | run R1, partner P1"),
        (("queued", None, None, None), "queued | run R1, partner P1"),
        (("unknown", None, None, None), f"unknown | message {ID}, run R1, partner P1"),
    ],
)
def test_a_message_that_somebody_may_ask_about_is_named_by_its_names_first_and_its_ids_last(
    stands: Any, said: str
) -> None:
    named = Named(ID, "reminder", "R1", "P1", *stands)

    assert named.said(Names()) == f"A run (reminder): {said}"
    names = Names({"P1": "Rajesh Textiles"}, {"R1": "Block Print Kurta"})
    assert named.said(names) == f"Rajesh Textiles, Block Print Kurta (reminder): {said}"


@pytest.mark.parametrize(
    ("partner", "design", "said"),
    [
        ("Rajesh", None, "Rajesh"),
        (None, "Kurta", "Kurta"),
        (" \u200b", "\t", "A run"),
        ("Rajesh\nTextiles", "x" * 50, "Rajesh Textiles, " + "x" * 39 + "…"),
        (f"Rajesh {PHONE}", None, f"Rajesh +91•••••{PHONE[-4:]}"),
    ],
)
def test_a_name_is_cleaned_before_it_is_said(partner: str | None, design: str | None, said: str) -> None:
    assert Names({"P1": partner}, {"R1": design}).of("R1", "P1") == said
