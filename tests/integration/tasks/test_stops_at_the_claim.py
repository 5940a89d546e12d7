"""A STOP is in force before the next claim, however the phone is spelled, and as the plan has it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.message_log import outbox
from partner_messages.message_log.preferences import note_preference, preferences
from support.examples import PARTNER_ID, PHONE
from support.inbound import ANSWERED, hear, told_somebody
from support.log_rows import Log, put, row
from support.spellings import BOTH_WAYS, DIFFERENT


def claim(log: Log, *ids: uuid.UUID, **how: Any) -> set[uuid.UUID]:
    return {one.id for one in outbox.claim(log, ids, uuid.uuid4(), ANSWERED, **how)}


@pytest.mark.parametrize(
    ("word", "reason"), [("STOP", "opted_out"), ("please don't send", "answered"), ("START", None), ("हिंदी", None)]
)
def test_a_stop_is_in_force_before_the_next_claim(log: Log, word: str, reason: str | None) -> None:
    queued, other = put(log, "queued", "R1"), put(log, "queued", "R2", to_phone="+919829099999", partner_id="P2")

    hear(log, word)

    assert claim(log, queued, other) == ({other} if reason else {queued, other})
    assert row(log, queued)["skip_reason"] == reason
    held = log.execute("SELECT FROM message_run WHERE holds_slot AND production_run_id = 'R1'").fetchall()
    assert bool(held) is (reason is None)


@pytest.mark.parametrize(("setting", "gone"), [(False, set()), (True, {"event"})])
def test_a_setting_keeps_lifecycle_messages(log: Log, setting: bool, gone: set[str]) -> None:
    ids = {
        "event": put(
            log, "queued", "R1", message_kind="event", event_name="production_run.completed", reminder_kind=None
        ),
        "reminder": put(log, "queued", "R2"),
    }
    hear(log, "STOP")

    claimed = claim(log, *ids.values(), lifecycle_after_opt_out=setting)

    assert {name for name, id_ in ids.items() if id_ in claimed} == gone


def test_what_has_left_already_is_not_withdrawn(log: Log) -> None:
    queued = put(log, "queued", "R1")
    hear(log, "STOP")

    assert claim(log, queued, heeds_stop=False) == {queued}


@pytest.mark.parametrize(
    ("word", "reason"), [("STOP", "opted_out"), ("please don't send", None), ("START", None), ("मदद", None)]
)
@pytest.mark.parametrize("kind", ["reminder", "event", "followup"])
def test_a_stop_of_a_test_phone_is_in_force_before_the_next_claim(
    log: Log, word: str, reason: str | None, kind: str
) -> None:
    """Whatever is redirected, and the setting says of partners; nobody is asked to decide what only sounds like it."""
    of_kind = {"message_kind": kind, "event_name": "production_run.completed" if kind == "event" else None}
    queued, other = (
        put(log, "queued", f"R{number}", delivery="redirect", redirected=phone, to_phone=phone, **of_kind)
        for number, phone in enumerate((PHONE, "+919829099999"))
    )
    hear(log, word)

    claimed = claim(log, queued, other, lifecycle_after_opt_out=True)

    assert claimed == ({other} if reason else {queued, other})
    assert row(log, queued)["skip_reason"] == reason


@pytest.mark.parametrize(
    "words", [("own", "stop"), ("own", "start"), ("hand", "stop"), ("own", "maybe"), ("hand", "start")]
)
@pytest.mark.parametrize(
    "then", [("own", "stop"), ("own", "start"), ("hand", "stop"), ("hand", "start"), ("own", "maybe"), None]
)
@pytest.mark.parametrize("later", [0, 1])
def test_the_claim_and_the_plan_say_the_same(
    log: Log, words: tuple[str, str], then: tuple[str, str] | None, later: int
) -> None:
    for number, (whose, value) in enumerate(filter(None, (words, then))):
        at = ANSWERED + dt.timedelta(minutes=number * later)
        if whose == "own":
            note_preference(log, "opted_out", value, phone=PHONE, partner_id=PARTNER_ID, at=at)
        else:
            told_somebody(log, PARTNER_ID, value, at=at)
    queued = put(log, "queued", "R1")
    known = preferences(log)

    claim(log, queued)

    planned = "opted_out" if known.has_opted_out(PARTNER_ID, PHONE) else None
    planned = planned or ("answered" if known.waits_for_a_person(PARTNER_ID, PHONE) else None)
    assert row(log, queued)["skip_reason"] == planned


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
@pytest.mark.parametrize(("word", "reason"), [("STOP", "opted_out"), ("please don't send", "answered")])
def test_a_phone_is_the_same_however_meta_spells_it(log: Log, ours: str, theirs: str, word: str, reason: str) -> None:
    queued = put(log, "queued", "R1", to_phone=ours)

    hear(log, word, sender=theirs)

    known = preferences(log)
    assert known.has_opted_out(PARTNER_ID, ours) is (reason == "opted_out")
    assert known.waits_for_a_person(PARTNER_ID, ours) is (reason == "answered")
    assert claim(log, queued) == set()
    assert row(log, queued)["skip_reason"] == reason
    hear(log, "START", sender=ours, at=ANSWERED + dt.timedelta(minutes=1))
    assert claim(log, put(log, "queued", "R2", to_phone=theirs))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_another_phone_s_stop_is_not_this_one_s(log: Log, one: str, other: str) -> None:
    queued = put(log, "queued", "R1", to_phone=one)

    hear(log, "STOP", sender=other)

    assert not preferences(log).has_opted_out(PARTNER_ID, one)
    assert claim(log, queued) == {queued}
