"""Which of a partner's conversations decides, and when one forbids writing."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest

from partner_messages.recipients.conversation import consent_refused, conversations_for
from partner_messages.recipients.people import Conversation, Partner

PHONE = "+393331234567"
PARTNER = Partner("p1", "Tessuti Rossi", "active", False, None, False, "IT")
MONDAY = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)


def conversation(id_: str, *, days_ago: int | None = 0, **changes: Any) -> Conversation:
    facts: dict[str, Any] = {
        "id": id_,
        "partner_id": "p1",
        "phone_number": PHONE,
        "status": "active",
        "last_message_at": None if days_ago is None else MONDAY - dt.timedelta(days=days_ago),
        "default_sender_platform_id": None,
        "language": None,
        "consent_given": None,
    }
    return Conversation(**{**facts, **changes})


def ids(conversations: tuple[Conversation, ...]) -> list[str]:
    return [one.id for one in conversations]


def test_the_newest_comes_first_and_a_silent_one_last() -> None:
    three = [conversation("new", days_ago=1), conversation("old", days_ago=9), conversation("silent", days_ago=None)]
    for order in permutations(three):
        assert ids(conversations_for(PARTNER, PHONE, order)) == ["new", "old", "silent"]


def test_of_two_from_the_same_moment_the_later_id_comes_first() -> None:
    for order in permutations([conversation("01A"), conversation("01B")]):
        assert ids(conversations_for(PARTNER, PHONE, order)) == ["01B", "01A"]


@pytest.mark.parametrize(
    "written", ["+393331234567", "393331234567", "+39 333 123 4567", "333 1234567", "0039 3331234567"]
)
def test_a_phone_is_the_same_however_it_is_written(written: str) -> None:
    assert ids(conversations_for(PARTNER, PHONE, [conversation("c", phone_number=written)])) == ["c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "archived"},
        {"partner_id": "p2"},
        {"phone_number": "+393337654321"},
        {"phone_number": ""},
        {"phone_number": "unknown"},
    ],
)
def test_a_conversation_that_is_not_about_this_phone_does_not_count(changes: dict[str, Any]) -> None:
    assert conversations_for(PARTNER, PHONE, [conversation("c", **changes)]) == ()


@pytest.mark.parametrize(
    ("newest_first", "refused"),
    [
        ([], False),
        ([None], False),
        ([True], False),
        ([False], True),
        ([True, False], False),
        ([False, True], True),
        ([None, False], True),
        ([None, True], False),
        ([None, True, False], True),
    ],
)
def test_the_newest_word_on_consent_counts_and_silence_takes_no_refusal_back(
    newest_first: list[bool | None], refused: bool
) -> None:
    threads = [conversation(str(age), days_ago=age, consent_given=said) for age, said in enumerate(newest_first)]
    assert consent_refused(conversations_for(PARTNER, PHONE, threads)) is refused


def test_a_refusal_in_an_archived_conversation_does_not_count() -> None:
    threads = [conversation("new"), conversation("old", days_ago=9, status="archived", consent_given=False)]
    assert not consent_refused(conversations_for(PARTNER, PHONE, threads))
