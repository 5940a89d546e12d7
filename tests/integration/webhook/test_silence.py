"""A webhook that says nothing is seen, told once a day, shown while it lasts, and nothing is concluded from it."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from partner_messages.deployment.receiving import load_receiving
from partner_messages.message_log.answers import never_delivered
from partner_messages.message_log.database import recordset, rows
from partner_messages.message_log.silences import (
    listen_to,
    note_silences_told,
    open_silences,
    see_silences,
    untold_silences,
)
from partner_messages.webhook.app import Receiver
from partner_messages.webhook.expiry import GRACE
from support.deployment import TICK
from support.examples import PARTNER_ID
from support.log_rows import put, row
from support.webhook_work import given_up

MINUTE, HOUR, DAY_LONG = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
SENT = TICK + 2 * MINUTE
SEEN = SENT + 15 * MINUTE


@pytest.fixture(autouse=True)
def _listened(log):
    listen_to(log, ["in"], TICK)


def accepted(log, run_id="R1", at=SENT, **columns):
    """A message that Meta took."""
    of_day = {"day": at.date(), "sent_at": at, "claimed_at": at, "meta_message_id": f"wamid.{run_id}.{at}"}
    return put(log, columns.pop("status", "sent"), run_id, **{**of_day, **columns})


def heard(log, run_id, at, **columns):
    """One of which the webhook has spoken."""
    return accepted(log, run_id, at, **{"sent_at_meta": at, **columns})


def told(log, now):
    """What operations are told at that time: looked for, said, and noted after."""
    see_silences(log, now)
    said = untold_silences(log)
    note_silences_told(log, said, now)
    return list(said.values())


def test_a_sender_that_says_nothing_for_a_quarter_of_an_hour_is_silent_and_told_once_a_day(log):
    heard(log, "R0", SENT - DAY_LONG)
    accepted(log)

    assert told(log, SEEN - MINUTE) == []
    see_silences(log, SEEN)
    (said,) = untold_silences(log).values()
    assert said.startswith("webhook_silent: Meta has taken messages of sender in ")
    assert "last heard 2026-11-22 10:02 IST" in said
    assert told(log, SEEN) == [said]
    assert told(log, SEEN + HOUR) == []
    assert open_silences(log) == {"in": SENT - DAY_LONG}

    accepted(log, "R2", SENT + DAY_LONG)
    assert len(told(log, SEEN + DAY_LONG)) == 1


MIDNIGHT = dt.datetime(2026, 11, 23, 18, 30, tzinfo=dt.UTC)
"""In India."""


def test_a_silence_that_begins_shortly_before_midnight_is_seen_after_it(log):
    accepted(log, at=MIDNIGHT - 5 * MINUTE, day=TICK.date())

    assert told(log, MIDNIGHT) == []
    assert len(told(log, MIDNIGHT + 15 * MINUTE)) == 1
    assert told(log, MIDNIGHT + 30 * MINUTE) == []
    assert open_silences(log).keys() == {"in"}


def test_a_silence_that_was_told_before_midnight_is_told_again_only_where_more_is_sent(log):
    accepted(log, at=MIDNIGHT - 16 * MINUTE, day=TICK.date())

    assert len(told(log, MIDNIGHT - MINUTE)) == 1
    assert told(log, MIDNIGHT + 14 * MINUTE) == []


WELL = {
    "it has spoken of the message": [{"sent_at_meta": SENT}],
    "it has spoken of one that was sent after it": [{}, {"at": SENT + MINUTE, "sent_at_meta": SENT + MINUTE}],
    "it has spoken, after it, of one that was sent before": [
        {},
        {"at": SENT - HOUR, "sent_at_meta": SENT - HOUR, "delivered_at_meta": SENT + MINUTE, "status": "delivered"},
    ],
    "it has spoken of one that was sent with it": [{}, {"sent_at_meta": SENT - dt.timedelta(seconds=2)}],
    "Meta holds the message back": [{"message_status": "held_for_quality_assessment"}],
    "it was no live message": [{"delivery": "dry_run", "status": "rehearsed", "meta_message_id": None}],
    "nobody knows whether Meta has it": [{"status": "unknown", "meta_message_id": None, "sent_at": None}],
    "nobody listens to this sender": [{"sender": "au"}],
}


@pytest.mark.parametrize("case", WELL)
def test_a_sender_is_not_silent_where(log, case):
    for number, columns in enumerate(WELL[case]):
        accepted(log, f"R{number}", **columns)

    assert told(log, SEEN + HOUR) == []
    assert open_silences(log) == {}


def test_nobody_is_silent_where_no_receiver_was_seen_for_a_month(log):
    accepted(log, at=SENT + dt.timedelta(days=31))

    assert told(log, SEEN + dt.timedelta(days=31)) == []


def test_a_silence_ends_with_the_first_word_and_one_of_the_same_day_is_not_told_again(log):
    accepted(log)
    assert len(told(log, SEEN)) == 1
    heard(log, "R2", SENT + HOUR)
    assert told(log, SEEN + HOUR) == []
    assert open_silences(log) == {}

    accepted(log, "R3", SENT + 2 * HOUR)
    assert told(log, SEEN + 2 * HOUR) == []
    assert open_silences(log).keys() == {"in"}


def test_a_silence_ends_where_nobody_listens_any_more(log):
    accepted(log)
    see_silences(log, SEEN)

    see_silences(log, SEEN + dt.timedelta(days=31))

    assert open_silences(log) == {}


@pytest.mark.parametrize("was_seen", [True, False])
def test_of_what_was_sent_before_or_in_a_silence_nothing_is_given_up(log, was_seen):
    heard(log, "R1", SENT - DAY_LONG)  # Its delivery was never told: the webhook fell silent that evening.
    accepted(log, "R1", SENT)
    if was_seen:
        see_silences(log, SEEN)
    heard(log, "R1", SENT + DAY_LONG)
    see_silences(log, SEEN + DAY_LONG)

    later = SENT + DAY_LONG + GRACE + MINUTE
    assert given_up(log, later) == (0 if was_seen else 1)
    assert given_up(log, later + dt.timedelta(days=9)) == 0


def test_what_is_sent_after_a_silence_is_given_up_as_ever(log):
    accepted(log, "R1", SENT)
    see_silences(log, SEEN)
    heard(log, "R1", SENT + DAY_LONG)
    see_silences(log, SEEN + DAY_LONG)
    heard(log, "R2", SENT + 2 * DAY_LONG)
    heard(log, "R2", SENT + 3 * DAY_LONG)

    assert given_up(log, SENT + 3 * DAY_LONG + GRACE + MINUTE) == 1


def test_while_one_of_two_senders_is_silent_nothing_is_given_up_of_it_alone(log):
    listen_to(log, ["au"], TICK)
    others = [heard(log, "R1", SENT, sender="au"), accepted(log, "R2", SENT + HOUR, sender="au")]
    given = heard(log, "R3", SENT)
    see_silences(log, SEEN + HOUR)
    assert open_silences(log).keys() == {"au"}
    for sender in ("in", "au"):
        heard(log, f"later {sender}", SENT + DAY_LONG, sender=sender)
    see_silences(log, SEEN + DAY_LONG)

    assert given_up(log, SENT + DAY_LONG + GRACE + MINUTE) == 1
    assert row(log, given)["expired_at_meta"] is not None
    assert [row(log, one)["expired_at_meta"] for one in others] == [None, None]


def test_nobody_becomes_unreachable_by_a_silence(log):
    for number in range(4):
        heard(log, f"R{number}", SENT + number * DAY_LONG)
    other = {"to_phone": "+919829099999", "partner_id": "P2"}
    accepted(log, "R5", SENT + 4 * DAY_LONG, **other)
    see_silences(log, SEEN + 4 * DAY_LONG)
    log.execute("UPDATE webhook_silence SET since = %s", [SENT - DAY_LONG])
    heard(log, "R6", SENT + 5 * DAY_LONG, **other)
    see_silences(log, SEEN + 5 * DAY_LONG)

    given_up(log, SENT + 5 * DAY_LONG + GRACE + MINUTE)

    assert never_delivered(log, in_a_row=3, recipient_codes=[131026]) == frozenset()


def unreachable(log):
    return bool(never_delivered(log, in_a_row=3, recipient_codes=[131026]))


def test_who_is_reminded_each_day_is_out_of_reach_by_the_third_that_is_given_up_though_the_next_is_on_its_way(log):
    found = []
    for day in range(5):
        found.append(unreachable(log))
        heard(log, f"R{day}", SENT + day * DAY_LONG)
        given_up(log, SENT + day * DAY_LONG + GRACE + MINUTE)

    assert found == [False, False, False, False, True]
    assert len(log.execute("SELECT FROM message_log WHERE expired_at_meta IS NULL").fetchall()) == 1


def test_who_is_out_of_reach_stays_so_while_an_event_is_on_its_way_and_is_in_reach_once_it_arrived(log):
    for day in range(3):
        heard(log, f"R{day}", SENT + day * DAY_LONG, expired_at_meta=SENT + (day + 0.5) * DAY_LONG)
    event = heard(
        *(log, "R4", SENT + 3 * DAY_LONG),
        message_kind="event",
        event_name="production_run.cancelled",
        reminder_kind=None,
        context_id="R4:cancelled:P1",
    )
    assert unreachable(log)

    log.execute("UPDATE message_log SET status = 'delivered', delivered_at = sent_at WHERE id = %s", [event])

    assert not unreachable(log)


def test_who_was_out_of_reach_and_was_called_is_reminded_again(log):
    for day in range(3):
        heard(log, f"R{day}", SENT + day * DAY_LONG, expired_at_meta=SENT + (day + 0.5) * DAY_LONG)
    trouble = {"id": uuid.uuid4(), "production_run_id": "R2", "kind": "idle", "partner_id": PARTNER_ID}
    trouble |= {"reason": "unreachable", "since": TICK, "same_act": []}
    called = {"delivery": "live", "dag_run_id": "run 1", "now": TICK}
    rows(log, "open_escalations", **called, troubles=recordset([trouble]))
    assert unreachable(log)

    rows(log, "close_escalation", production_run_id="R2", by="Asha", why="Called them.", now=SENT + 3 * DAY_LONG)

    assert not unreachable(log)


# The receiver itself


def test_a_receiver_notes_whom_it_listens_to_and_when_it_was_off(deployment, log):
    now = TICK
    receiver = Receiver(clock=lambda: now)
    receiver.applier.apply_once()
    listened = log.execute("SELECT sender, at FROM listening_to ORDER BY sender").fetchall()
    assert {one["sender"] for one in listened} == load_receiving().phone_number_ids().keys()
    heard(log, "R1", SENT)

    now = SENT + DAY_LONG
    Receiver(clock=lambda: now).applier.apply_once()

    off = log.execute("SELECT sender, why, since, ended_at FROM webhook_silence WHERE sender = 'in'").fetchall()
    assert off == [{"sender": "in", "why": "off", "since": TICK, "ended_at": now}]
    heard(log, "R1", SENT + DAY_LONG)
    assert told(log, SEEN + DAY_LONG) == []
    assert given_up(log, SENT + DAY_LONG + GRACE + MINUTE) == 0


def test_it_notes_so_once_a_minute_and_a_pause_of_a_quarter_of_an_hour_is_none(deployment, log):
    now = TICK
    receiver = Receiver(clock=lambda: now)
    receiver.applier.apply_once()
    now = TICK + 14 * MINUTE
    receiver.applier.apply_once()
    assert log.execute("SELECT at FROM listening_to WHERE sender = 'in'").fetchall() == [{"at": TICK}]

    Receiver(clock=lambda: now).applier.apply_once()

    assert log.execute("SELECT FROM webhook_silence").fetchall() == []
