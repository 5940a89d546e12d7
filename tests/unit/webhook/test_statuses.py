"""What Meta's statuses make of a row: tables of cases, and that no order, repetition or batching makes a difference."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.webhook.events import MetaError, Pricing
from partner_messages.webhook.statuses import MessageRow, Problem, problem_of, row_id_of, row_of_status, updated_row
from support.deployment import TICK
from support.webhooks import NUMBER, update

ID = uuid.UUID("0198c0de-0000-7000-8000-000000000001")
OTHER = uuid.UUID("0198c0de-0000-7000-8000-000000000002")


def at(minutes):
    return TICK + dt.timedelta(minutes=minutes)


def row(status="sent", **changes):
    return MessageRow(
        **{"id": ID, "status": status, "sender": "in", "meta_message_id": "wamid.A", "sent_at": TICK, **changes}
    )


def told(*said, of=None):
    return updated_row(of or row(), [update(status, at(minutes)) for status, minutes in said])


LADDER = [
    ([("sent", 1)], "sent", None, None),
    ([("delivered", 2)], "delivered", 2, None),
    ([("delivered", 2), ("sent", 9)], "delivered", 2, None),
    ([("read", 3)], "read", 3, 3),
    ([("read", 3), ("delivered", 2)], "read", 2, 3),
    ([("read", 3), ("delivered", 5)], "read", 5, 3),
    ([("read", 3), ("read", 2)], "read", 2, 2),
    ([("played", 4)], "read", 4, 4),
    ([("delivered", 5), ("delivered", 2)], "delivered", 2, None),
    ([("delivered", 3), ("read", 3), ("delivered", 5)], "read", 3, 3),
]


@pytest.mark.parametrize(("said", "status", "delivered", "read"), LADDER)
def test_a_message_comes_as_far_as_meta_says_at_the_earliest_time_it_says(said, status, delivered, read):
    found = told(*said)

    assert (found.status, found.delivered_at, found.read_at) == (
        status,
        delivered and at(delivered),
        read and at(read),
    )


@pytest.mark.parametrize("others", [[], [("sent", 9)], [("delivered", 2)], [("delivered", 9)], [("read", 3)]])
@pytest.mark.parametrize("failed_first", [True, False])
def test_failed_is_final_and_whoever_was_reached_stays_reached(others, failed_first):
    said = [("failed", 5), *others] if failed_first else [*others, ("failed", 5)]
    found = told(*said)

    assert (found.status, found.failed_at) == ("failed", at(5))
    assert (found.delivered_at is not None) == bool({"delivered", "read"} & {status for status, _ in others})


ERRORS = {
    "the earlier": ((131026, 1), (130472, 2), 131026),
    "of equals the smaller code": ((131026, 1), (130472, 1), 130472),
    "one with a code": ((None, 1), (131026, 1), 131026),
    "the earlier even without a code": ((None, 1), (131026, 2), None),
}


@pytest.mark.parametrize("case", ERRORS)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_failures(case, turned):
    *failures, code = ERRORS[case]
    said = [
        update("failed", at(minutes), errors=(MetaError(one, "Title", f"Of {one}"),) if one else ())
        for one, minutes in failures
    ]
    found = updated_row(row(), reversed(said) if turned else said)

    assert (found.error_code, found.error_detail) == (code, code and f"Of {code}")


def test_meta_s_word_on_a_failure_counts_for_more_than_ours():
    ours = row("failed", failed_at=at(9), error_code=1, error_detail="Ours.")
    found = updated_row(ours, [update("failed", at(1), errors=(MetaError(131026),))])

    assert (found.failed_at, found.error_code) == (at(1), 131026)


@pytest.mark.parametrize("before", ["queued", "sending", "unknown"])
@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed"])
def test_what_is_not_settled_is_settled_by_meta(before, status):
    found = told((status, 2), of=row(before, meta_message_id=None, sent_at=None))

    assert (found.status, found.meta_message_id) == (status, "wamid.A")
    assert (found.sent_at, found.sent_at_is_metas) == ((None, False) if status == "failed" else (at(2), True))


def test_when_it_was_sent_is_ours_where_we_have_it_and_else_meta_s_own():
    assert told(("sent", -5)).sent_at == TICK
    theirs = told(("delivered", 3), of=row("unknown", sent_at=None))
    assert told(("sent", 1), of=theirs).sent_at == at(1)


def test_what_was_given_up_and_then_delivered_was_reached():
    given_up = row(expired_at_meta=at(600))

    assert told(("sent", 1), of=given_up).expired_at_meta == at(600)
    assert told(("delivered", 700), of=given_up).expired_at_meta is None
    assert told(("failed", 700), of=given_up).expired_at_meta is None


def test_the_price_is_what_meta_said_last():
    said = [
        update("sent", at(1), pricing=Pricing("utility", True, "regular", "PMP")),
        update("delivered", at(2), pricing=Pricing("marketing", True, "regular", "PMP")),
        update("read", at(3)),
    ]

    assert updated_row(row(), said).pricing_category == "marketing"
    assert updated_row(row(), reversed(said)).pricing_category == "marketing"


def test_a_blanked_row_stays_without_what_tells_of_a_person():
    blanked = row(blanked=True, meta_message_id=None)
    found = updated_row(blanked, [update("failed", at(1), errors=(MetaError(131026, "T", "D"),))])

    assert (found.meta_message_id, found.error_code, found.error_detail) == (None, 131026, None)


NUMBERS = {"in": NUMBER}
CHECKS = [
    (row(), update(), None),
    (row(), update(opaque=str(ID)), None),
    (row(meta_message_id=None), update(opaque=str(ID)), None),
    (row(), update(opaque="not ours"), None),
    (row(), update(opaque=str(OTHER)), Problem.ANOTHER_MESSAGE),
    (row(), update(wamid="wamid.B", opaque=str(ID)), Problem.ANOTHER_WAMID),
    (row(), update(phone_number_id="7"), Problem.ANOTHER_NUMBER),
    (row(sender="gone"), update(phone_number_id="7"), None),
    (row("skipped", meta_message_id=None), update(opaque=str(ID)), Problem.NEVER_SENT),
    (row("rehearsed", meta_message_id=None), update(opaque=str(ID)), Problem.NEVER_SENT),
]


@pytest.mark.parametrize(("of", "said", "problem"), CHECKS)
def test_what_does_not_fit_a_row_does_not_touch_it(of, said, problem):
    assert problem_of(of, said, NUMBERS) == problem


JOINS = [
    (None, "wamid.A", ID),
    (str(ID), "wamid.A", ID),
    (str(OTHER), "wamid.NEW", OTHER),
    (str(OTHER), "wamid.A", Problem.ANOTHER_MESSAGE),
    (str(uuid.UUID(int=3)), "wamid.A", ID),
    ("the shop's", "wamid.NEW", None),
    (str(ID).upper(), "wamid.NEW", None),
]


@pytest.mark.parametrize(("opaque", "wamid", "found"), JOINS)
def test_a_status_is_joined_by_our_id_or_by_meta_s(opaque, wamid, found):
    assert row_of_status(update(wamid=wamid, opaque=opaque), {ID, OTHER}, {"wamid.A": ID}) == found


@pytest.mark.parametrize("opaque", [None, "", "x", "{" + str(ID) + "}", ID.hex])
def test_only_the_form_in_which_we_write_our_ids_is_ours(opaque):
    assert row_id_of(opaque) is None


TIMES = st.integers(0, 4).map(at)
FAILURES = st.tuples(st.builds(MetaError, st.sampled_from([131026, 130472]), details=st.sampled_from([None, "a", "b"])))
PRICES = st.none() | st.builds(Pricing, st.sampled_from(["utility", "marketing"]), st.booleans() | st.none())
UPDATES = st.builds(
    update, st.sampled_from(["sent", "delivered", "read", "played"]), TIMES, pricing=PRICES
) | st.builds(update, st.just("failed"), TIMES, errors=FAILURES | st.just(()), pricing=PRICES)
BEFORE = st.sampled_from(
    [
        row(),
        row("failed", error_code=1, error_detail="Ours.", failed_at=at(2)),
        row("unknown", meta_message_id=None, sent_at=None),
        row("queued", meta_message_id=None, sent_at=None),
        row(expired_at_meta=at(3)),
    ]
)


@given(BEFORE, st.lists(UPDATES, min_size=1, max_size=6), st.data())
def test_no_order_repetition_or_batching_makes_a_difference(before, said, data):
    once = updated_row(before, said)
    again = data.draw(st.permutations([*said, *data.draw(st.lists(st.sampled_from(said), max_size=3))]))
    cut = data.draw(st.integers(0, len(again)))

    found = updated_row(updated_row(before, again[:cut]), again[cut:])

    assert found == once
    assert updated_row(found, said) == once
