"""Whose "no" counts, where it stands, and which "yes" takes it back."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest

from partner_messages.recipients.conversation import consent_refused
from support.examples import PHONE, TICK, conversation, partner

DAY = dt.timedelta(days=1)
OTHER = "+919829099999"
ID_WITHIN_THE_BUSINESS = "IN.13491208655302741918"


def refused(*conversations, phone=PHONE):
    answers = {consent_refused(partner(), phone, order) for order in permutations(conversations)}
    (answer,) = answers
    return answer


def no(*, changed=TICK - 9 * DAY, **changes):
    return conversation(**{"id": "N", "consent_given": False, "updated_at": changed, **changes})


def yes(*, said=TICK - DAY, **changes):
    at = said.isoformat() if said else None
    return conversation(**{"id": "Y", "consent_given": True, "consent_given_at": at, "updated_at": TICK, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="in a conversation with the partner"),
        pytest.param({"status": "archived"}, id="that is archived"),
        pytest.param({"deleted": True}, id="that is deleted"),
        pytest.param({"phone_number": PHONE[1:]}, id="on the phone without its plus"),
        pytest.param({"phone_number": OTHER}, id="on another phone of the partner's"),
        pytest.param({"phone_number": ID_WITHIN_THE_BUSINESS}, id="of the partner by another id than a phone"),
        pytest.param({"phone_number": ""}, id="on no phone"),
        pytest.param({"partner_id": "P2"}, id="of another partner on this phone"),
        *(
            pytest.param({"partner_id": "P2", "phone_number": written}, id=f"of another partner on {written}")
            for written in (f"whatsapp:{PHONE}", f"{PHONE[1:]}@s.whatsapp.net", f"tel:{PHONE}")
        ),
        pytest.param({"partner_id": "P2", "status": "archived"}, id="of another partner on it, archived"),
        pytest.param({"partner_id": "P2", "country_code": "AU", "phone_number": PHONE[1:]}, id="of one elsewhere"),
        pytest.param({"changed": None}, id="at a time that nobody knows"),
    ],
)
def test_a_no_counts_wherever_it_stands(changes):
    assert refused(no(**changes))
    assert refused(no(**changes), conversation(last_message_at=TICK))


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("+522221234567", "5212221234567"),
        ("+5491123456789", "541123456789"),
        ("+5511987654321", "551187654321"),
        ("+390212345678", "39212345678"),
    ],
)
def test_a_no_counts_in_metas_spelling_of_the_phone(phone, written):
    assert refused(no(partner_id="P2", phone_number=written), phone=phone)


def test_a_number_that_may_be_this_phone_counts_for_a_no_but_not_for_a_yes():
    either = {"partner_id": "P2", "phone_number": "6581258574", "country_code": None}

    assert refused(no(**either), phone="+6581258574")
    assert refused(no(), yes(**either), phone="+6581258574")
    assert not refused(no(), yes(**either | {"country_code": "SG"}), phone="+6581258574")


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="nothing is known"),
        pytest.param([conversation()], id="nothing was said"),
        pytest.param([yes()], id="the partner agreed"),
        pytest.param([no(partner_id="P2", phone_number=OTHER)], id="another partner refused on another phone"),
        pytest.param([no(partner_id="P2", phone_number="")], id="another partner refused on no phone"),
    ],
)
def test_without_a_no_nothing_is_refused(others):
    assert not refused(*others)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="by the partner"),
        pytest.param({"status": "archived"}, id="in a conversation that is archived"),
        pytest.param({"partner_id": "P2"}, id="by whoever else has the phone"),
        pytest.param({"phone_number": PHONE[1:]}, id="without its plus"),
        pytest.param({"consent_source": "system_notification"}, id="to a message of the shop's"),
        pytest.param({"said": None, "created_at": TICK - DAY}, id="at no noted time, in a younger conversation"),
    ],
)
def test_a_later_yes_on_the_phone_takes_a_no_back(changes):
    for refusal in (no(), no(phone_number=OTHER), no(partner_id="P2"), no(status="archived"), no(deleted=True)):
        assert not refused(refusal, yes(**changes))


@pytest.mark.parametrize(
    ("refusal", "agreement"),
    [
        pytest.param(no(), yes(said=TICK - 10 * DAY), id="it was said before"),
        pytest.param(no(changed=TICK - DAY), yes(), id="it was said in the same moment"),
        pytest.param(no(changed=None), yes(), id="nobody knows when the no was said"),
        pytest.param(no(), yes(phone_number=OTHER), id="it was said on another phone"),
        pytest.param(no(), yes(phone_number=ID_WITHIN_THE_BUSINESS), id="it was said on a phone that nobody knows"),
        pytest.param(no(), yes(deleted=True), id="it was deleted"),
        pytest.param(no(), yes(consent_source="admin_initiated"), id="the shop's own people wrote it"),
        pytest.param(no(), yes(said=None), id="nobody knows when it was said"),
        pytest.param(no(), yes(said=None, created_at=None), id="nor when its conversation began"),
        pytest.param(no(), yes(consent_given_at="yesterday"), id="its time is none"),
        pytest.param(no(), yes(consent_given_at="0001-01-01T00:00:00+14:00"), id="its time is before all others"),
        pytest.param(no(), yes(consent_given_at="9999-12-31T23:59:59-12:00", updated_at=None), id="or after them"),
        pytest.param(no(changed=None), yes(consent_given_at="9999-12-31"), id="nobody knows when either was"),
        pytest.param(no(), yes(said=TICK + 900 * DAY, updated_at=TICK - 20 * DAY), id="its time was not there yet"),
        pytest.param(no(), yes(updated_at=None), id="nobody knows when it was written"),
        pytest.param(no(), conversation(consent_given_at=TICK.isoformat()), id="a time alone is no yes"),
    ],
)
def test_a_yes_that_is_not_known_to_be_later_takes_nothing_back(refusal, agreement):
    assert refused(refusal, agreement)


def test_one_no_that_stands_outweighs_another_that_was_taken_back():
    assert refused(no(), yes(), no(id="N2", partner_id="P2", changed=TICK))


@pytest.mark.parametrize("written", ["2026-11-22T04:30:00", "2026-11-22", "2026-11-22T04:30:00.000Z"])
def test_the_time_of_a_yes_may_be_written_with_or_without_a_zone(written):
    assert not refused(no(), yes(consent_given_at=written))
