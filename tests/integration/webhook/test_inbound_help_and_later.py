"""Help and later, by a tap or by a word: for the right run, once, and not for one that has moved."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log import answers, promises
from partner_messages.ops.escalations import untold_escalations
from partner_messages.recipients.taps import help_payload, later_payload, promise_payload
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, tick
from support.inbound import (
    ANSWERED,
    SENT,
    escalated,
    find,
    hear,
    kept,
    reminded,
    replies,
    scheduled,
    tap,
)
from support.log_rows import put, row

# Help


def test_need_help_calls_a_person_and_says_so(log):
    id_ = reminded(log)

    hear(log, **tap(help_payload(id_)))

    found = log.execute("SELECT * FROM escalation").fetchone()
    assert (found["production_run_id"], found["reason"], found["kind"]) == ("R1", "asked_for_help", "idle")
    assert (found["partner_id"], found["since"], found["told_on"]) == (PARTNER_ID, TICK - dt.timedelta(days=3), None)
    assert found["answer_id"] == kept(log)[0]["id"]
    assert [one["variables"]["reply"] for one in replies(log)] == ["help"]


@pytest.mark.parametrize("kind", ["button", "interactive"])
def test_a_tap_is_one_with_and_without_a_context_and_of_either_type(log, kind):
    id_ = reminded(log)

    hear(log, **tap(help_payload(id_), kind=kind))

    assert escalated(log) == [("R1", "asked_for_help")]


@pytest.mark.parametrize("word", ["HELP", "info", "मदद", "मदद चाहिए"])
def test_so_do_the_words(log, word):
    reminded(log)

    hear(log, word)

    assert escalated(log) == [("R1", "asked_for_help")]


def test_help_that_was_asked_for_already_is_confirmed_once(log):
    id_ = reminded(log)

    for minute in (0, 1):
        hear(log, **tap(help_payload(id_), at=ANSWERED + dt.timedelta(minutes=minute)))

    assert [one["variables"]["reply"] for one in replies(log)] == ["help"]
    assert [one["became"] for one in kept(log)] == ["asked_for_help", "asked_for_help"]


def test_help_out_of_the_blue_is_heard_too(log):
    reminded(log)

    hear(log, "help", at=ANSWERED + dt.timedelta(days=9))

    assert escalated(log) == [("R1", "asked_for_help")]
    assert log.execute("SELECT partner_id FROM escalation").fetchall() == [{"partner_id": PARTNER_ID}]


def test_help_on_a_digest_is_for_its_longest_waiting_run(log):
    find(log, tick(1), "R1")
    find(log, tick(2), "R2", since=TICK - dt.timedelta(days=30))
    id_ = reminded(log, "R1", "R2", found=False)

    hear(log, **tap(help_payload(id_)))

    assert escalated(log) == [("R2", "asked_for_help")]


@pytest.mark.parametrize(
    ("text", "later"), [("help", 1), ("help", 9), ("Yes, from Monday", 0), ("please stop", 0), ("please stop", 9)]
)
def test_what_is_told_of_an_answer_to_a_digest_knows_its_other_runs(log, text, later):
    reminded(log, "R1", "R2", "R3")

    hear(log, text, at=ANSWERED + dt.timedelta(days=later))

    (one,) = untold_escalations(log, DAY)
    assert (one.production_run_id, one.others) == ("R1", ["R2", "R3"])


def test_what_is_told_of_an_answer_about_one_run_names_no_others(log):
    reminded(log, "R1")
    hear(log, "help")

    (one,) = untold_escalations(log, DAY)
    assert one.others == ()


def test_help_on_a_lifecycle_message_is_in_no_kind(log):
    id_ = reminded(
        *(log, "R1"),
        found=False,
        message_kind="event",
        event_name="production_run.sent_to_partner",
        reminder_kind=None,
    )

    hear(log, "help", context_wamid=row(log, id_)["meta_message_id"])

    found = log.execute("SELECT kind, reason, since FROM escalation").fetchall()
    assert found == [{"kind": None, "reason": "asked_for_help", "since": SENT}]


def test_two_reasons_stand_beside_each_other_and_each_once(log):
    reminded(log)
    for number, text in enumerate(("material is late", "help", "colour?", "help")):
        hear(log, text, at=ANSWERED + dt.timedelta(minutes=number))

    assert escalated(log) == [("R1", "answered"), ("R1", "asked_for_help")]


# Later


def test_later_is_answered_with_three_sending_days(log):
    id_ = reminded(log)
    answers.listen_with(log, parse_settings({"holidays_added": ["2026-11-25"]}), TICK)

    hear(log, **tap(later_payload(id_)))

    (one,) = replies(log)
    days = [dt.date(2026, 11, 24), dt.date(2026, 11, 26), dt.date(2026, 11, 30)]
    assert [one["variables"][f"button_{number}_id"] for number in (1, 2, 3)] == [
        promise_payload(id_, day) for day in days
    ]
    assert [one["variables"][f"button_{number}_title"] for number in (1, 2, 3)] == [
        "मंगल 24 नवं",
        "गुरु 26 नवं",
        "सोम 30 नवं",
    ]
    assert promises.open_promises(log) == {}


@pytest.mark.parametrize("day", [dt.date.max, dt.date(2099, 12, 31), DAY + dt.timedelta(days=5)])
def test_a_day_that_cannot_have_been_offered_is_no_promise_and_asks_again(log, day):
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, day), kind="interactive"))

    assert promises.open_promises(log) == {}
    assert [(one["intent"], one["became"]) for one in kept(log)] == [("later", "asked_when")]


def test_a_day_that_was_chosen_is_a_promise_about_that_stall(log):
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=2)), kind="interactive", text="Wed 25 Nov"))

    one = promises.open_promises(log)["R1"]
    assert (one.due_on, one.partner_id, one.kind, one.since) == (
        *(DAY + dt.timedelta(days=2), PARTNER_ID, "idle"),
        TICK - dt.timedelta(days=3),
    )
    assert [reply["variables"]["reply"] for reply in replies(log)] == ["promised"]
    assert "बुध 25 नवं" in replies(log)[0]["body_text"]


def test_later_on_a_digest_is_said_of_all_its_runs(log):
    id_ = reminded(log, "R1", "R2")

    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1))))

    assert promises.open_promises(log).keys() == {"R1", "R2"}


def test_another_day_takes_the_place_of_the_first_and_help_ends_it(log):
    id_ = reminded(log)
    for number in (1, 2):
        at = ANSWERED + dt.timedelta(minutes=number)
        hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=number)), at=at))
    assert promises.open_promises(log)["R1"].due_on == DAY + dt.timedelta(days=2)

    hear(log, "help", at=ANSWERED + dt.timedelta(minutes=5))

    assert promises.open_promises(log) == {}
    states = log.execute("SELECT state, ended_why FROM promise ORDER BY made_at").fetchall()
    assert [one["state"] for one in states] == ["withdrawn", "withdrawn"]
    assert states[1]["ended_why"] == "Help was asked for."


@pytest.mark.parametrize(("older", "said_back"), [("another day", ["promised"]), ("help", ["help", "promised"])])
def test_what_was_said_before_and_comes_after_ends_no_promise(log, older, said_back):
    id_ = reminded(log)
    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=3))))

    said = tap(promise_payload(id_, DAY + dt.timedelta(days=1))) if older == "another day" else {"text": "help"}
    hear(log, **said, at=ANSWERED - dt.timedelta(minutes=1), now=ANSWERED)

    assert promises.open_promises(log)["R1"].due_on == DAY + dt.timedelta(days=3)
    assert [one["variables"]["reply"] for one in replies(log)] == said_back


def test_words_about_a_day_that_come_in_another_order_end_as_in_their_own(log):
    id_ = reminded(log)
    chosen = [
        tap(promise_payload(id_, DAY + dt.timedelta(days=number)), at=ANSWERED + dt.timedelta(minutes=number))
        for number in (1, 2)
    ]

    for day in reversed(chosen):
        hear(log, now=ANSWERED + dt.timedelta(minutes=3), **day)

    assert promises.open_promises(log)["R1"].due_on == DAY + dt.timedelta(days=2)
    states = log.execute("SELECT state, ended_why FROM promise ORDER BY made_at").fetchall()
    assert states == [
        {"state": "withdrawn", "ended_why": "Another promise took its place."},
        {"state": "open", "ended_why": None},
    ]
    assert ["बुध 25 नवं" in one["body_text"] for one in replies(log)] == [True]


def test_a_day_that_was_chosen_after_help_stands_and_one_before_it_does_not(log):
    early, late = (ANSWERED + dt.timedelta(minutes=minute) for minute in (1, 9))
    before, after = reminded(log, "R1"), reminded(log, "R2")

    hear(log, **tap(promise_payload(after, DAY + dt.timedelta(days=1)), at=late))
    hear(log, **tap(help_payload(after), at=early))
    hear(log, **tap(help_payload(before), at=late))
    hear(log, **tap(promise_payload(before, DAY + dt.timedelta(days=1)), at=early, now=late))

    assert promises.open_promises(log).keys() == {"R2"}
    ended = log.execute("SELECT production_run_id, ended_why FROM promise WHERE state = 'withdrawn'").fetchall()
    assert ended == [{"production_run_id": "R1", "ended_why": "Help was asked for."}]


def test_after_two_broken_ones_no_third_is_taken_and_a_person_is_called(log):
    id_ = reminded(log)
    for number in (1, 2):
        hear(log, **tap(promise_payload(id_, DAY), at=ANSWERED + dt.timedelta(minutes=number)))
        promises.end_promises(log, {promises.open_promises(log)["R1"].id: ("broken", "Its day went by.")}, ANSWERED)

    hear(log, **tap(later_payload(id_), at=ANSWERED + dt.timedelta(hours=1)))
    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=3)), at=ANSWERED + dt.timedelta(hours=2)))

    assert promises.open_promises(log) == {}
    assert escalated(log) == [("R1", "broken_promise")]


# Last week's button


def moved_by_another_stall(log):
    find(
        log,
        tick(2, now=TICK + dt.timedelta(days=7), day=DAY + dt.timedelta(days=7)),
        "R1",
        since=TICK + dt.timedelta(days=1),
    )


def moved_by_not_being_found(log):
    find(log, scheduled(3, 1))


def moved_by_an_event(log):
    put(
        *(log, "sent", "R1"),
        message_kind="event",
        event_name="production_run.completed",
        reminder_kind=None,
        context_id="R1:completed:P1",
        created_at=TICK + dt.timedelta(days=2),
    )


@pytest.mark.parametrize("move", [moved_by_another_stall, moved_by_not_being_found, moved_by_an_event])
def test_a_button_of_a_run_that_moved_changes_nothing_and_says_so_once(log, move):
    id_ = reminded(log)
    move(log)

    for number, payload in enumerate(
        (help_payload(id_), later_payload(id_), promise_payload(id_, dt.date(2027, 1, 4)))
    ):
        hear(log, **tap(payload, at=ANSWERED + dt.timedelta(days=8, minutes=number)))

    assert escalated(log) == []
    assert promises.open_promises(log) == {}
    assert [one["variables"]["reply"] for one in replies(log)] == ["moved"]


def test_who_writes_help_below_a_message_about_a_run_that_moved_is_heard_all_the_same(log):
    id_ = reminded(log)
    moved_by_an_event(log)

    hear(log, "HELP", context_wamid=row(log, id_)["meta_message_id"])

    assert escalated(log) == [("R1", "asked_for_help")]
    assert [one["variables"]["reply"] for one in replies(log)] == ["help"]


def test_the_same_day_again_is_no_other_promise_and_confirmed_once(log):
    id_ = reminded(log, "R1", "R2")
    for minute in (1, 2):
        at = ANSWERED + dt.timedelta(minutes=minute)
        hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1)), kind="interactive", at=at))

    assert [one["became"] for one in kept(log)] == ["promised", "promised"]
    assert log.execute("SELECT state FROM promise").fetchall() == [{"state": "open"}] * 2
    assert [one["variables"]["reply"] for one in replies(log)] == ["promised"]


def test_the_same_day_about_another_stall_is_another_promise(log):
    due_on = DAY + dt.timedelta(days=8)
    first = reminded(log)
    promises.make_promise(log, "R1", PARTNER_ID, kind="idle", since=TICK, due_on=due_on, now=SENT, message_id=first)

    hear(log, **tap(promise_payload(first, due_on), at=ANSWERED + dt.timedelta(days=7)))

    one = promises.open_promises(log)["R1"]
    assert (one.due_on, one.since) == (due_on, TICK - dt.timedelta(days=3))
    assert [one["variables"]["reply"] for one in replies(log)] == ["promised"]


def test_who_types_later_below_a_message_about_a_run_that_moved_is_told_nothing(log):
    id_ = reminded(log)
    moved_by_an_event(log)

    hear(log, "Remind me later", context_wamid=row(log, id_)["meta_message_id"])

    assert [one["became"] for one in kept(log)] == ["moved"]
    assert replies(log) == []


@pytest.mark.parametrize("text", ["help", "please don't send"])
def test_long_after_a_redirect_nobody_is_called_for_its_run(log, text):
    reminded(log, delivery="redirect", redirected="hash")

    hear(log, text, at=ANSWERED + dt.timedelta(days=9))

    assert escalated(log) == []


def test_a_day_that_has_gone_by_is_none(log):
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, DAY), at=ANSWERED + dt.timedelta(days=2)))

    assert promises.open_promises(log) == {}


def test_free_text_about_a_run_that_moved_calls_nobody(log):
    id_ = reminded(log)
    moved_by_another_stall(log)

    hear(log, "done", context_wamid=row(log, id_)["meta_message_id"])

    assert escalated(log) == []


@pytest.mark.parametrize(
    "payload", ["help:", "help:no-id", "later:1", "promise:x", f"promise:{uuid.UUID(int=1)}:soon", "", ":"]
)
def test_a_payload_that_nobody_has_made_is_an_answer_like_another(log, payload):
    reminded(log)

    hear(log, "Open run", kind="button", payload=payload)

    assert escalated(log) == [("R1", "answered")]


def test_a_payload_of_a_message_that_is_gone_asks_for_nothing(log):
    hear(log, **tap(help_payload(uuid.uuid4())))

    assert [one["became"] for one in kept(log)] == [None]
    assert escalated(log) == []
