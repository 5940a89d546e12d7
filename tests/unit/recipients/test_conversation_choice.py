"""Which of a partner's conversations decides, and when one forbids writing."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest

from partner_messages.recipients.conversation import conversations_for
from partner_messages.recipients.people import Conversation, Partner

PHONE = "+393331234567"
PARTNER = Partner("p1", "Tessuti Rossi", "active", False, None, False, "IT")
MONDAY = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)


def conversation(id_, *, days_ago=0, **changes):
    defaults = {
        "id": id_,
        "partner_id": "p1",
        "phone_number": PHONE,
        "country_code": "IT",
        "status": "active",
        "deleted": False,
        "last_message_at": None if days_ago is None else MONDAY - dt.timedelta(days=days_ago),
        "default_sender_platform_id": None,
        "language": None,
        "consent_given": None,
        "consent_given_at": None,
        "consent_source": None,
        "created_at": MONDAY - dt.timedelta(days=400),
        "updated_at": MONDAY,
    }
    return Conversation(**{**defaults, **changes})


def ids(conversations):
    return [one.id for one in conversations]


def test_the_newest_comes_first_and_a_silent_one_last():
    three = [conversation("new", days_ago=1), conversation("old", days_ago=9), conversation("silent", days_ago=None)]
    for order in permutations(three):
        assert ids(conversations_for(PARTNER, PHONE, order)) == ["new", "old", "silent"]


def test_of_two_from_the_same_moment_the_later_id_comes_first():
    for order in permutations([conversation("01A"), conversation("01B")]):
        assert ids(conversations_for(PARTNER, PHONE, order)) == ["01B", "01A"]


@pytest.mark.parametrize(
    "written", ["+393331234567", "393331234567", "+39 333 123 4567", "333 1234567", "0039 3331234567"]
)
def test_a_phone_is_the_same_however_it_is_written(written):
    assert ids(conversations_for(PARTNER, PHONE, [conversation("c", phone_number=written)])) == ["c"]


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("+522221234567", "5212221234567"),
        ("+5491123456789", "541123456789"),
        ("+541123456789", "5491123456789"),
        ("+5511987654321", "551187654321"),
        ("+2290195123456", "22995123456"),
    ],
)
def test_a_phone_is_the_same_as_meta_spells_it(phone, written):
    assert ids(conversations_for(PARTNER, phone, [conversation("c", phone_number=written)])) == ["c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "archived"},
        {"deleted": True},
        {"partner_id": "p2"},
        {"phone_number": "+393337654321"},
        {"phone_number": ""},
        {"phone_number": "unknown"},
        {"phone_number": "IT.13491208655302741918"},
    ],
)
def test_a_conversation_that_is_not_about_this_phone_does_not_count(changes):
    assert conversations_for(PARTNER, PHONE, [conversation("c", **changes)]) == ()
