"""What partners write is kept once, taken for the right run and done at once; a test phone acts on nobody."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log import answers, promises
from partner_messages.message_log.preferences import preferences
from partner_messages.recipients.taps import help_payload, later_payload, promise_payload
from partner_messages.webhook.events import PreferenceUpdate
from partner_messages.webhook.inbound import apply_inbound, apply_preference
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, PHONE, tick
from support.inbound import ANSWERED, NUMBER, SENT, find, hear, inbound, reminded, scheduled, tap
from support.log_rows import Log, change, put, row

OTHER_PHONE = "+919829099999"


def kept(log: Log) -> list[dict[str, Any]]:
    return log.execute("SELECT * FROM answer ORDER BY received_at, recorded_at").fetchall()


def escalated(log: Log) -> list[tuple[str, str]]:
    found = log.execute(
        "SELECT production_run_id, reason FROM escalation WHERE closed_at IS NULL ORDER BY 1, 2"
    ).fetchall()
    return [(one["production_run_id"], one["reason"]) for one in found]


def replies(log: Log) -> list[dict[str, Any]]:
    return log.execute(
        "SELECT * FROM message_log WHERE message_kind = 'reply' ORDER BY created_at, body_text"
    ).fetchall()


def is_out(log: Log, phone: str = PHONE) -> bool:
    return preferences(log).has_opted_out(PARTNER_ID, phone)


# Kept, and for which message


def test_an_answer_is_kept_with_the_message_that_it_names(log: Log) -> None:
    first = reminded(log, "R1")
    reminded(log, "R2", sent_at=SENT + dt.timedelta(minutes=1), claimed_at=SENT + dt.timedelta(minutes=1))

    hear(log, "ठीक है", context_wamid=row(log, first)["meta_message_id"])

    (one,) = kept(log)
    assert (one["message_id"], one["production_run_id"], one["partner_id"]) == (first, "R1", PARTNER_ID)
    assert (one["text"], one["kind"], one["phone"], one["received_at"]) == ("ठीक है", "text", PHONE, ANSWERED)


def test_without_a_context_it_answers_the_last_message_to_that_phone_within_a_day(log: Log) -> None:
    reminded(log, "R1")
    last = reminded(log, "R2", claimed_at=SENT + dt.timedelta(minutes=1))
    reminded(log, "R3", to_phone=OTHER_PHONE, claimed_at=SENT + dt.timedelta(minutes=2))

    hear(log, "from Monday")
    hear(log, "from Monday", at=SENT + dt.timedelta(hours=24, minutes=2))

    assert [one["message_id"] for one in kept(log)] == [last, None]
    assert escalated(log) == [("R2", "answered")]


def test_a_follow_up_stands_for_what_it_follows(log: Log) -> None:
    parent = reminded(log, "R1")
    put(
        *(log, "sent", "R1"),
        message_kind="followup",
        parent_id=parent,
        context_id="R1:image",
        meta_message_id="wamid.image",
        claimed_at=SENT + dt.timedelta(minutes=1),
    )

    hear(log, "nice")
    hear(log, "nice", context_wamid="wamid.image")

    assert [one["message_id"] for one in kept(log)] == [parent, parent]


def test_the_same_message_again_changes_nothing(log: Log) -> None:
    reminded(log)
    message = inbound("STOP")
    apply_inbound(log, message, ANSWERED)
    before = (kept(log), replies(log), log.execute("SELECT * FROM partner_preference").fetchall())

    for _ in range(3):
        apply_inbound(log, message, ANSWERED)

    assert before == (kept(log), replies(log), log.execute("SELECT * FROM partner_preference").fetchall())
    assert len(before[1]) == 1


def test_a_message_that_names_another_phone_s_message_is_not_about_it(log: Log) -> None:
    theirs = reminded(log, "R1", to_phone=OTHER_PHONE)

    hear(log, **tap(help_payload(theirs)))
    hear(log, "help", context_wamid=row(log, theirs)["meta_message_id"])

    assert [one["message_id"] for one in kept(log)] == [None, None]
    assert escalated(log) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "👍", "kind": "reaction"},
        {"text": None, "kind": "unsupported"},
        {"text": None, "kind": "system"},
    ],
)
def test_a_reaction_is_kept_and_asks_for_nothing(log: Log, changes: dict[str, Any]) -> None:
    id_ = reminded(log)

    hear(log, **changes)

    assert [(one["message_id"], one["kind"]) for one in kept(log)] == [(id_, changes["kind"])]
    assert escalated(log) == []


@pytest.mark.parametrize("kind", ["image", "audio", "document", "sticker", "location"])
def test_what_is_no_text_is_for_a_person_to_look_at(log: Log, kind: str) -> None:
    reminded(log)

    hear(log, kind=kind, text="loom" if kind == "image" else None)

    assert escalated(log) == [("R1", "answered")]


def test_a_text_of_any_signs_is_kept(log: Log) -> None:
    reminded(log)

    hear(log, "half \ud83d and \0 nothing")

    assert kept(log)[0]["text"] == "half ? and  nothing"


# A person without a phone


def test_a_person_with_a_username_is_known_by_an_earlier_pair(log: Log) -> None:
    reminded(log)
    hear(log, "hello", user_id="IN.123")

    hear(log, "STOP", sender=None, user_id="IN.123", at=ANSWERED + dt.timedelta(minutes=1))

    assert is_out(log)


def test_or_by_the_message_that_they_name(log: Log) -> None:
    id_ = reminded(log)

    hear(log, "STOP", sender=None, user_id="IN.5", context_wamid=row(log, id_)["meta_message_id"])

    assert is_out(log)


def test_else_what_they_write_is_kept_and_attributed_to_nobody(log: Log) -> None:
    reminded(log)

    hear(log, "STOP", sender=None, user_id="IN.5")

    assert [(one["phone"], one["message_id"], one["user_id"]) for one in kept(log)] == [(None, None, "IN.5")]
    assert log.execute("SELECT * FROM partner_preference").fetchall() == []


# STOP, START, the language


def test_stop_opts_the_phone_out_and_is_confirmed_once(log: Log) -> None:
    reminded(log)

    hear(log, "STOP")
    hear(log, "stop!", at=ANSWERED + dt.timedelta(minutes=1))

    assert is_out(log)
    assert not is_out(log, OTHER_PHONE)
    assert [one["variables"]["reply"] for one in replies(log)] == ["stopped"]
    assert escalated(log) == []


def test_stop_counts_on_the_phone_for_each_partner_whom_it_reaches(log: Log) -> None:
    reminded(log)
    hear(log, "बंद करो")

    assert preferences(log).has_opted_out("another partner", PHONE)


@pytest.mark.parametrize("order", list(itertools.permutations(["stop", "start", "again"])))
def test_the_later_of_stop_and_start_counts_in_whatever_order_they_come(log: Log, order: tuple[str, ...]) -> None:
    reminded(log)
    at = {name: ANSWERED + dt.timedelta(minutes=number) for number, name in enumerate(("stop", "start", "again"))}
    words = {"stop": "STOP", "start": "START", "again": "STOP"}
    for name in order:
        hear(log, words[name], at=at[name], now=ANSWERED + dt.timedelta(minutes=4))

    assert is_out(log)
    log.execute("DELETE FROM partner_preference WHERE at = %s", [at["again"]])
    assert not is_out(log)


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP")])
def test_of_equals_stop_counts(log: Log, words: tuple[str, str]) -> None:
    reminded(log)
    for word in words:
        hear(log, word)

    assert is_out(log)


def test_an_edited_stop_and_one_below_a_picture_are_for_a_person_to_read(log: Log) -> None:
    reminded(log)

    hear(log, "STOP", edited=True)
    hear(log, "STOP", kind="image", at=ANSWERED + dt.timedelta(minutes=1))

    assert not is_out(log)
    assert preferences(log).waits_for_a_person(PARTNER_ID, PHONE)
    assert escalated(log) == [("R1", "maybe_opt_out")]
    assert replies(log) == []


def test_what_sounds_like_stop_waits_for_a_person_also_where_no_message_is_near(log: Log) -> None:
    reminded(log)

    hear(log, "please don't send", at=ANSWERED + dt.timedelta(days=3))

    assert preferences(log).waits_for_a_person(PARTNER_ID, PHONE)
    assert escalated(log) == [("R1", "maybe_opt_out")]


def test_a_tap_with_the_word_on_it_stops_as_well(log: Log) -> None:
    reminded(log)

    hear(log, "Stop", kind="button", payload="Stop")

    assert is_out(log)


def test_a_word_of_the_settings_stops(log: Log) -> None:
    reminded(log)
    answers.listen_with(log, parse_settings({"stop_words": ["bas"]}), TICK)

    hear(log, "Bas!")

    assert is_out(log)


@pytest.mark.parametrize(("word", "language"), [("English", "en"), ("हिन्दी", "hi")])
def test_a_language_is_set_and_confirmed_in_it(log: Log, word: str, language: str) -> None:
    reminded(log, language="gu")

    hear(log, word)
    hear(log, word, at=ANSWERED + dt.timedelta(minutes=1))

    assert preferences(log).languages == {PHONE: language}
    assert [(one["language"], one["variables"]["reply"]) for one in replies(log)] == [(language, "language")]
    assert escalated(log) == []


def test_a_confirmation_comes_in_time_or_not_at_all(log: Log) -> None:
    reminded(log)

    hear(log, "STOP", now=ANSWERED + dt.timedelta(minutes=5, seconds=1))

    assert is_out(log)
    assert replies(log) == []


def test_a_phone_gets_two_replies_a_day_at_most(log: Log) -> None:
    reminded(log)
    for number, word in enumerate(("STOP", "START", "STOP", "START", "English")):
        hear(log, word, at=ANSWERED + dt.timedelta(minutes=number))
    assert [one["variables"]["reply"] for one in replies(log)] == ["stopped", "started"]

    hear(log, "STOP", at=ANSWERED + dt.timedelta(hours=20))

    assert len(replies(log)) == 3


def test_nobody_is_replied_to_whom_we_have_never_written_to(log: Log) -> None:
    hear(log, "STOP")

    assert is_out(log)
    assert replies(log) == []


def test_a_reply_is_queued_to_who_wrote_from_the_number_that_wrote_to_them(log: Log) -> None:
    reminded(log, language="hi")

    hear(log, "STOP")

    (one,) = replies(log)
    assert (one["status"], one["sender"], one["to_phone"], one["language"]) == ("queued", "in", PHONE, "hi")
    assert one["body_text"].startswith("अब आपको")
    assert (one["day"], one["answer_id"], one["created_at"]) == (DAY, kept(log)[0]["id"], ANSWERED)


# What Meta says was asked of it


@pytest.mark.parametrize(("values", "takes"), [(["stop"], False), (["stop", "resume"], True)])
def test_a_preference_told_to_whatsapp_covers_marketing_alone(log: Log, values: list[str], takes: bool) -> None:
    for number, value in enumerate(values):
        at = ANSWERED + dt.timedelta(minutes=number)
        update = PreferenceUpdate(NUMBER, PHONE, None, "marketing_messages", value, at)
        apply_preference(log, update, at)
        apply_preference(log, update, at)

    assert preferences(log).takes_marketing(PHONE) is takes
    assert not is_out(log)
    assert len(log.execute("SELECT * FROM partner_preference").fetchall()) == len(values)


def test_so_does_131050_whoever_is_told_it(log: Log) -> None:
    id_ = reminded(log, status="sent")

    change(log, id_, status="failed", error_code=131050, failed_at=ANSWERED)

    assert not preferences(log).takes_marketing(PHONE)
    assert not is_out(log)


# Help


def test_need_help_calls_a_person_and_says_so(log: Log) -> None:
    id_ = reminded(log)

    hear(log, **tap(help_payload(id_)))

    found = log.execute("SELECT * FROM escalation").fetchone()
    assert found is not None
    assert (found["production_run_id"], found["reason"], found["kind"]) == ("R1", "asked_for_help", "idle")
    assert (found["partner_id"], found["since"], found["told_on"]) == (PARTNER_ID, TICK - dt.timedelta(days=3), None)
    assert found["answer_id"] == kept(log)[0]["id"]
    assert [one["variables"]["reply"] for one in replies(log)] == ["help"]


@pytest.mark.parametrize("kind", ["button", "interactive"])
def test_a_tap_is_one_with_and_without_a_context_and_of_either_type(log: Log, kind: str) -> None:
    id_ = reminded(log)

    hear(log, **tap(help_payload(id_), kind=kind))

    assert escalated(log) == [("R1", "asked_for_help")]


@pytest.mark.parametrize("word", ["HELP", "info", "मदद", "मदद चाहिए"])
def test_so_do_the_words(log: Log, word: str) -> None:
    reminded(log)

    hear(log, word)

    assert escalated(log) == [("R1", "asked_for_help")]


def test_help_out_of_the_blue_is_heard_too(log: Log) -> None:
    reminded(log)

    hear(log, "help", at=ANSWERED + dt.timedelta(days=9))

    assert escalated(log) == [("R1", "asked_for_help")]


def test_help_on_a_digest_is_for_its_longest_waiting_run(log: Log) -> None:
    find(log, tick(1), "R1")
    find(log, tick(2), "R2", since=TICK - dt.timedelta(days=30))
    id_ = reminded(log, "R1", "R2", found=False)

    hear(log, **tap(help_payload(id_)))

    assert escalated(log) == [("R2", "asked_for_help")]


def test_help_on_a_lifecycle_message_is_in_no_kind(log: Log) -> None:
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


def test_two_reasons_stand_beside_each_other_and_each_once(log: Log) -> None:
    reminded(log)
    for number, text in enumerate(("material is late", "help", "colour?", "help")):
        hear(log, text, at=ANSWERED + dt.timedelta(minutes=number))

    assert escalated(log) == [("R1", "answered"), ("R1", "asked_for_help")]


# Later


def test_later_is_answered_with_three_sending_days(log: Log) -> None:
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
def test_a_day_that_cannot_have_been_offered_is_no_promise_and_asks_again(log: Log, day: dt.date) -> None:
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, day), kind="interactive"))

    assert promises.open_promises(log) == {}
    assert [(one["intent"], one["became"]) for one in kept(log)] == [("later", "asked_when")]


def test_a_day_that_was_chosen_is_a_promise_about_that_stall(log: Log) -> None:
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=2)), kind="interactive", text="Wed 25 Nov"))

    one = promises.open_promises(log)["R1"]
    assert (one.due_on, one.partner_id, one.kind, one.since) == (
        *(DAY + dt.timedelta(days=2), PARTNER_ID, "idle"),
        TICK - dt.timedelta(days=3),
    )
    assert [reply["variables"]["reply"] for reply in replies(log)] == ["promised"]
    assert "बुध 25 नवं" in replies(log)[0]["body_text"]


def test_later_on_a_digest_is_said_of_all_its_runs(log: Log) -> None:
    id_ = reminded(log, "R1", "R2")

    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1))))

    assert promises.open_promises(log).keys() == {"R1", "R2"}


def test_another_day_takes_the_place_of_the_first_and_help_ends_it(log: Log) -> None:
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


def test_after_two_broken_ones_no_third_is_taken_and_a_person_is_called(log: Log) -> None:
    id_ = reminded(log)
    for number in (1, 2):
        hear(log, **tap(promise_payload(id_, DAY), at=ANSWERED + dt.timedelta(minutes=number)))
        promises.end_promises(log, {promises.open_promises(log)["R1"].id: ("broken", "Its day went by.")}, ANSWERED)

    hear(log, **tap(later_payload(id_), at=ANSWERED + dt.timedelta(hours=1)))
    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=3)), at=ANSWERED + dt.timedelta(hours=2)))

    assert promises.open_promises(log) == {}
    assert escalated(log) == [("R1", "broken_promise")]


# Last week's button


def moved_by_another_stall(log: Log) -> None:
    find(
        log,
        tick(2, now=TICK + dt.timedelta(days=7), day=DAY + dt.timedelta(days=7)),
        "R1",
        since=TICK + dt.timedelta(days=1),
    )


def moved_by_not_being_found(log: Log) -> None:
    find(log, scheduled(3, 1))


def moved_by_an_event(log: Log) -> None:
    put(
        *(log, "sent", "R1"),
        message_kind="event",
        event_name="production_run.completed",
        reminder_kind=None,
        context_id="R1:completed:P1",
        created_at=TICK + dt.timedelta(days=2),
    )


@pytest.mark.parametrize("move", [moved_by_another_stall, moved_by_not_being_found, moved_by_an_event])
def test_a_button_of_a_run_that_moved_changes_nothing_and_says_so_once(log: Log, move: Any) -> None:
    id_ = reminded(log)
    move(log)

    for number, payload in enumerate(
        (help_payload(id_), later_payload(id_), promise_payload(id_, dt.date(2027, 1, 4)))
    ):
        hear(log, **tap(payload, at=ANSWERED + dt.timedelta(days=8, minutes=number)))

    assert escalated(log) == []
    assert promises.open_promises(log) == {}
    assert [one["variables"]["reply"] for one in replies(log)] == ["moved"]


def test_a_day_that_has_gone_by_is_none(log: Log) -> None:
    id_ = reminded(log)

    hear(log, **tap(promise_payload(id_, DAY), at=ANSWERED + dt.timedelta(days=2)))

    assert promises.open_promises(log) == {}


def test_free_text_about_a_run_that_moved_calls_nobody(log: Log) -> None:
    id_ = reminded(log)
    moved_by_another_stall(log)

    hear(log, "done", context_wamid=row(log, id_)["meta_message_id"])

    assert escalated(log) == []


@pytest.mark.parametrize(
    "payload", ["help:", "help:no-id", "later:1", "promise:x", f"promise:{uuid.UUID(int=1)}:soon", "", ":"]
)
def test_a_payload_that_nobody_has_made_is_an_answer_like_another(log: Log, payload: str) -> None:
    reminded(log)

    hear(log, "Open run", kind="button", payload=payload)

    assert escalated(log) == [("R1", "answered")]


def test_a_payload_of_a_message_that_is_gone_asks_for_nothing(log: Log) -> None:
    hear(log, **tap(help_payload(uuid.uuid4())))

    assert [one["became"] for one in kept(log)] == [None]
    assert escalated(log) == []


# Nobody's word


@pytest.mark.parametrize("text", ["STOP", "help", "हिंदी", "material late", "please stop"])
def test_an_answer_to_a_redirected_message_is_kept_and_acts_on_nobody(log: Log, text: str) -> None:
    id_ = reminded(log, delivery="redirect", redirected="hash")

    hear(log, text)
    hear(log, **tap(help_payload(id_), at=ANSWERED + dt.timedelta(minutes=1)))

    assert [one["became"] for one in kept(log)] == ["redirected", "redirected"]
    assert log.execute("SELECT * FROM partner_preference").fetchall() == []
    assert escalated(log) == []
    assert replies(log) == []


def test_a_time_that_lies_ahead_is_taken_for_now(log: Log) -> None:
    reminded(log)

    hear(log, "STOP", at=ANSWERED + dt.timedelta(days=400), now=ANSWERED)

    assert kept(log)[0]["received_at"] == ANSWERED
