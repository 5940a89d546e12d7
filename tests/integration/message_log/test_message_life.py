"""The life of a message, guarded by the database itself, and the slot that it holds."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.types.range import TimestamptzRange

from support.deployment import TICK
from support.examples import DAY, PHONE
from support.log_rows import Log, change, put, row, slots

NEXT = {
    "queued": {"sending", "rehearsed", "skipped", "failed", "sent", "delivered", "read"},
    "sending": {"queued", "sent", "failed", "unknown", "delivered", "read"},
    "unknown": {"sent", "delivered", "read", "failed"},
    "sent": {"delivered", "read", "failed"},
    "delivered": {"read", "failed"},
    "read": {"failed"},
    "failed": set(),
    "skipped": set(),
    "rehearsed": set(),
}
"""The table of the design, "Statuses"."""

TOKEN = uuid.uuid4()
NOW = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)


def columns_of(status: str) -> dict[str, Any]:
    """What a status asks of the other columns."""
    by_meta = TICK if status in ("sent", "delivered", "read") else None
    return {"status": status, "skip_reason": "moved_on" if status == "skipped" else None, "sent_at_meta": by_meta}


@pytest.mark.parametrize("before", NEXT)
def test_a_status_becomes_what_the_design_says_and_nothing_else(log: Log, before: str) -> None:
    for number, after in enumerate(NEXT):
        id_ = put(log, before, f"R{number}")
        if after == before:
            change(log, id_, **columns_of(after), error_detail="the same status again is no change")
        elif after in NEXT[before]:
            change(log, id_, **columns_of(after))
        else:
            with pytest.raises(psycopg.errors.RaiseException, match=f"a {before} message never becomes {after}"):
                change(log, id_, **columns_of(after))
        assert row(log, id_)["status"] == (after if after in NEXT[before] else before)


@pytest.mark.parametrize("after", ["sent", "delivered", "read"])
def test_only_meta_s_word_says_of_a_queued_message_that_it_left(log: Log, after: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="only Meta's word"):
        change(log, put(log), status=after)


def test_only_its_claimer_puts_a_message_back_whose_request_may_have_left(log: Log) -> None:
    left, still_here = put(log, "sending", "R1", claim_token=TOKEN), put(log, "sending", "R2", still_here=True)

    with pytest.raises(psycopg.errors.RaiseException, match="may have left"):
        change(log, left, status="queued", claim_token=None)
    with pytest.raises(psycopg.errors.RaiseException, match="may have left"):
        change(log, left, status="queued", claim_token=uuid.uuid4())
    change(log, left, status="queued")
    change(log, still_here, status="queued", claim_token=None)

    assert [row(log, id_)["status"] for id_ in (left, still_here)] == ["queued", "queued"]


@pytest.mark.parametrize("status", sorted(NEXT.keys() - {"sending"}))
def test_only_what_is_claimed_can_be_still_here(log: Log, status: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="still_here"):
        put(log, status, "R1", still_here=True)


HOLDING = ("queued", "sending", "rehearsed", "sent", "delivered", "read", "unknown")


@pytest.mark.parametrize("status", HOLDING)
def test_a_second_reminder_of_one_run_and_day_is_impossible(log: Log, status: str) -> None:
    put(log, status, "R1")

    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R1")


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_failed_or_skipped_message_leaves_the_slot_to_the_next(log: Log, status: str) -> None:
    put(log, status, "R1")
    put(log, status, "R1")

    id_ = put(log, "queued", "R1")

    assert slots(log) == {"R1": id_}


def test_a_failed_message_that_had_been_delivered_goes_on_holding_the_slot(log: Log) -> None:
    id_ = put(log, "delivered", "R1", delivered_at=NOW)

    change(log, id_, status="failed")

    assert slots(log) == {"R1": id_}
    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R1")


def test_the_slot_of_every_run_goes_free_when_its_message_fails(log: Log) -> None:
    id_ = put(log, "sent", "R1", "R2", "R3", context_type="partner", context_id="P1:digest", message_kind="digest")
    assert slots(log) == {"R1": id_, "R2": id_, "R3": id_}

    change(log, id_, status="failed")

    assert slots(log) == {}


SINGLE: dict[str, Any] = {}
DIGEST = {
    "message_kind": "digest",
    "context_type": "partner",
    "context_id": "P1:digest:2026-11-23",
    "production_run_id": None,
}
HOUR = dt.timedelta(hours=1)
HOUR_LATER = TICK + HOUR
FOLLOWUP = {"message_kind": "followup", "context_id": "R1:reminder:2026-11-23:image"}
EVENT = {"message_kind": "event", "context_id": "R1:production_run.cancelled:P1"}


@pytest.mark.parametrize(("first", "second"), [(SINGLE, DIGEST), (DIGEST, SINGLE)])
def test_a_reminder_and_a_digest_of_the_same_run_meet(log: Log, first: dict[str, Any], second: dict[str, Any]) -> None:
    put(log, "sent", "R1", **first)

    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R1", **second)


def test_two_digests_that_share_one_run_meet(log: Log) -> None:
    put(log, "sent", "R1", "R2", **DIGEST)

    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R2", "R3", **{**DIGEST, "context_id": "P1:digest:2026-11-23:2"})


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations([SINGLE, FOLLOWUP, EVENT], 2)))
def test_reminders_followups_and_events_of_one_run_are_not_in_each_other_s_way(
    log: Log, one: dict[str, Any], other: dict[str, Any]
) -> None:
    put(log, "sent", "R1", **one)
    put(log, "queued", "R1", **other)


def test_the_same_followup_twice_is_impossible_and_an_event_has_no_slot_of_the_day(log: Log) -> None:
    put(log, "sent", "R1", **FOLLOWUP)
    put(log, "sent", "R1", **EVENT)
    put(log, "queued", "R1", **EVENT, event_hour=TimestamptzRange(HOUR_LATER, HOUR_LATER + HOUR))

    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R1", **FOLLOWUP)


@pytest.mark.parametrize(("minutes", "taken"), [(-60, False), (-59, True), (0, True), (59, True), (60, False)])
def test_an_event_holds_its_context_for_an_hour(log: Log, minutes: int, taken: bool) -> None:
    put(log, "sent", "R1", **EVENT)
    start = TICK + dt.timedelta(minutes=minutes)

    with pytest.raises(psycopg.errors.ExclusionViolation) if taken else contextlib.nullcontext():
        put(log, "queued", "R1", **EVENT, event_hour=TimestamptzRange(start, start + HOUR))


@pytest.mark.parametrize("gone", ["failed", "skipped"])
def test_a_failed_event_gives_up_its_hour_and_its_id(log: Log, gone: str) -> None:
    put(log, gone, "R1", **EVENT, event_id="E1")
    put(log, "sent", "R1", **EVENT, event_id="E1")

    with pytest.raises(psycopg.errors.UniqueViolation):
        put(log, "queued", "R2", **{**EVENT, "context_id": "R2:production_run.cancelled:P1"}, event_id="E1")


@pytest.mark.parametrize(
    "different", [{"day": DAY + dt.timedelta(days=1)}, {"delivery": "dry_run"}, {"delivery": "redirect"}]
)
def test_another_day_and_another_delivery_have_slots_of_their_own(log: Log, different: dict[str, Any]) -> None:
    put(log, "sent", "R1")
    put(log, "queued", "R1", **different)


@pytest.mark.parametrize(
    ("status", "columns", "rule"),
    [
        ("skipped", {"skip_reason": None}, "a_skip_has_a_reason"),
        ("sent", {"skip_reason": "moved_on"}, "a_skip_has_a_reason"),
        ("skipped", {"skip_reason": "duplicate"}, "a_duplicate_names_the_other"),
        ("skipped", {"meta_message_id": "wamid.X"}, "a_skip_never_reached_meta"),
        ("queued", {"to_phone": None}, "a_message_has_what_it_needs"),
        ("queued", {"sender": None}, "a_message_has_what_it_needs"),
        ("queued", {"language": None}, "a_message_has_what_it_needs"),
        ("queued", {"template_name": None}, "a_message_has_what_it_needs"),
        ("queued", {"variables": None}, "a_message_has_what_it_needs"),
        ("queued", {"partner_id": ""}, "a_message_has_what_it_needs"),
        ("queued", {"partner_id": None}, "a_message_has_what_it_needs"),
        ("queued", {"to_phone": PHONE.removeprefix("+")}, "to_phone"),
        ("queued", {"to_phone": "+0829012345"}, "to_phone"),
        ("queued", {"to_phone": f"{PHONE}\n"}, "to_phone"),
        ("queued", {"delivery": "test"}, "delivery"),
        ("queued", {"message_kind": "reminders"}, "message_kind"),
        ("queued", {"reminder_kind": "idel"}, "reminder_kind"),
        ("queued", {"context_id": ""}, "context_id"),
        ("done", {}, "status"),
    ],
)
def test_a_row_that_cannot_be_is_refused(log: Log, status: str, columns: dict[str, Any], rule: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=rule):
        put(log, status, **columns)


def test_only_a_duplicate_names_another_message(log: Log) -> None:
    other = put(log, "sent", "R1")

    put(log, "skipped", "R1", skip_reason="duplicate", duplicate_of=other)
    for status in ("skipped", "queued"):
        with pytest.raises(psycopg.errors.CheckViolation, match="a_duplicate_names_the_other"):
            put(log, status, "R2", duplicate_of=other)
