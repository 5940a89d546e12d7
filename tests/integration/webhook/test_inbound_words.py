"""STOP, START, the language, and what only sounds like STOP: they belong to the phone, and the later word counts."""

from __future__ import annotations

import datetime as dt
import functools
import itertools

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log import answers
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.preferences import preferences
from partner_messages.recipients.taps import help_payload, later_payload, promise_payload
from partner_messages.webhook.answer_actions import MOST_ASKED_A_DAY
from partner_messages.webhook.events import PreferenceUpdate
from partner_messages.webhook.inbound import apply_inbound, apply_preference
from partner_messages.webhook.sender_ids import SenderIds
from support.at_once import at_once
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, PHONE
from support.inbound import (
    ANSWERED,
    NUMBER,
    OTHER_PHONE,
    escalated,
    hear,
    inbound,
    is_out,
    kept,
    reminded,
    replies,
    tap,
    told_somebody,
)
from support.log_rows import change
from support.webhook_work import SENDER_IDS

# STOP, START, the language


def test_stop_opts_the_phone_out_and_is_confirmed_once(log):
    reminded(log)

    hear(log, "STOP")
    hear(log, "stop!", at=ANSWERED + dt.timedelta(minutes=1))

    assert is_out(log)
    assert not is_out(log, OTHER_PHONE)
    assert [one["variables"]["reply"] for one in replies(log)] == ["stopped"]
    assert escalated(log) == []


def test_stop_counts_on_the_phone_for_each_partner_whom_it_reaches(log):
    reminded(log)
    hear(log, "बंद करो")

    assert preferences(log).has_opted_out("another partner", PHONE)


@pytest.mark.parametrize("order", list(itertools.permutations(["stop", "start", "again"])))
def test_the_later_of_stop_and_start_counts_in_whatever_order_they_come(log, order):
    reminded(log)
    at = {name: ANSWERED + dt.timedelta(minutes=number) for number, name in enumerate(("stop", "start", "again"))}
    words = {"stop": "STOP", "start": "START", "again": "STOP"}
    for name in order:
        hear(log, words[name], at=at[name], now=ANSWERED + dt.timedelta(minutes=4))

    assert is_out(log)
    log.execute("DELETE FROM partner_preference WHERE at = %s", [at["again"]])
    assert not is_out(log)


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP")])
def test_of_equals_stop_counts(log, words):
    reminded(log)
    for word in words:
        hear(log, word)

    assert is_out(log)


def test_an_edited_stop_and_one_below_a_picture_are_for_a_person_to_read(log):
    reminded(log)

    hear(log, "STOP", edited=True)
    hear(log, "STOP", kind="image", at=ANSWERED + dt.timedelta(minutes=1))

    assert not is_out(log)
    assert preferences(log).waits_for_a_person(PARTNER_ID, PHONE)
    assert escalated(log) == [("R1", "maybe_opt_out")]
    assert replies(log) == []


def test_what_sounds_like_stop_waits_for_a_person_also_where_no_message_is_near(log):
    reminded(log)

    hear(log, "please don't send", at=ANSWERED + dt.timedelta(days=3))

    assert preferences(log).waits_for_a_person(PARTNER_ID, PHONE)
    assert escalated(log) == [("R1", "maybe_opt_out")]


@pytest.mark.parametrize("said", ["by a person", "by themselves"])
def test_what_sounds_like_stop_waits_for_nobody_where_it_was_decided_in_the_same_second(log, said):
    reminded(log)
    hear(log, "please don't send")

    if said == "by a person":
        told_somebody(log, PARTNER_ID, "start", at=ANSWERED)
    else:
        hear(log, "START")

    assert not preferences(log).waits_for_a_person(PARTNER_ID, PHONE)


def test_a_tap_with_the_word_on_it_stops_as_well(log):
    reminded(log)

    hear(log, "Stop", kind="button", payload="Stop")

    assert is_out(log)


def test_a_word_of_the_settings_stops(log):
    reminded(log)
    answers.listen_with(log, parse_settings({"stop_words": ["bas"]}), TICK)

    hear(log, "Bas!")

    assert is_out(log)


@pytest.mark.parametrize(("word", "language"), [("English", "en"), ("हिन्दी", "hi")])
def test_a_language_is_set_and_confirmed_in_it(log, word, language):
    reminded(log, language="gu")

    hear(log, word)
    hear(log, word, at=ANSWERED + dt.timedelta(minutes=1))

    assert preferences(log).languages == {PHONE: language}
    assert [(one["language"], one["variables"]["reply"]) for one in replies(log)] == [(language, "language")]
    assert escalated(log) == []


def test_a_confirmation_comes_in_time_or_not_at_all(log):
    reminded(log)

    hear(log, "STOP", now=ANSWERED + dt.timedelta(minutes=5, seconds=1))

    assert is_out(log)
    assert replies(log) == []


def test_a_phone_gets_two_replies_a_day_at_most(log):
    reminded(log)
    for number, word in enumerate(("STOP", "START", "STOP", "START", "English")):
        hear(log, word, at=ANSWERED + dt.timedelta(minutes=number))
    assert [one["variables"]["reply"] for one in replies(log)] == ["stopped", "started"]

    hear(log, "STOP", at=ANSWERED + dt.timedelta(hours=20))

    assert len(replies(log)) == 3


def test_what_was_asked_does_not_count_among_the_confirmations(log):
    id_ = reminded(log)
    for number in range(3):
        hear(log, **tap(later_payload(id_), at=ANSWERED + dt.timedelta(minutes=number)))

    hear(log, "STOP", at=ANSWERED + dt.timedelta(minutes=4))

    assert replies(log)[-1]["variables"]["reply"] == "stopped"


def test_what_waits_and_is_too_late_does_not_count_among_the_confirmations(log):
    reminded(log)
    for minute, word in ((0, "STOP"), (1, "START"), (7, "STOP")):
        hear(log, word, at=ANSWERED + dt.timedelta(minutes=minute))

    assert [one["variables"]["reply"] for one in replies(log)] == ["stopped", "started", "stopped"]


def test_taps_at_the_same_instant_get_two_confirmations_at_most(deployment, log):
    ids = [reminded(log, f"R{number}", context_id=f"R{number}") for number in range(6)]

    def tap_one(id_):
        message = inbound(**tap(help_payload(id_)))
        with open_message_log() as own:
            apply_inbound(own, message, message.at, SENDER_IDS)

    at_once(*[functools.partial(tap_one, id_) for id_ in ids])

    assert len(escalated(log)) == 6
    assert len(replies(log)) == 2


def test_who_was_confirmed_two_things_is_still_asked_which_day_and_told_that_it_is_noted(log):
    id_ = reminded(log)
    for number, word in enumerate(("STOP", "START")):
        hear(log, word, at=ANSWERED + dt.timedelta(minutes=number))

    day = DAY + dt.timedelta(days=1)
    hear(log, **tap(later_payload(id_)), at=ANSWERED + dt.timedelta(minutes=2))
    hear(log, **tap(promise_payload(id_, day), kind="interactive"), at=ANSWERED + dt.timedelta(minutes=3))

    assert [one["variables"]["reply"] for one in replies(log)][-2:] == ["when", "promised"]


def test_a_machine_that_always_answers_later_is_not_answered_for_ever(log):
    id_ = reminded(log)

    for _ in range(MOST_ASKED_A_DAY + 5):
        hear(log, **tap(later_payload(id_)))

    assert len(replies(log)) == MOST_ASKED_A_DAY


def test_nobody_is_replied_to_whom_we_have_never_written_to(log):
    hear(log, "STOP")

    assert is_out(log)
    assert replies(log) == []


def test_a_reply_is_queued_to_who_wrote_from_the_number_that_wrote_to_them(log):
    reminded(log, language="hi")

    hear(log, "STOP")

    (one,) = replies(log)
    assert (one["status"], one["sender"], one["to_phone"], one["language"]) == ("queued", "in", PHONE, "hi")
    assert one["body_text"].startswith("अब आपको")
    assert (one["day"], one["answer_id"], one["created_at"]) == (DAY, kept(log)[0]["id"], ANSWERED)


IN_AND_AU = SenderIds({"in": NUMBER, "au": "222000000000002"}, {"in": "1", "au": "2"})


@pytest.mark.parametrize(
    ("written_to", "replied_from"),
    [
        (NUMBER, ["in"]),
        ("222000000000002", ["au"]),  # The window is open there alone.
        ("333000000000003", []),  # A number of the shop's: no sender of ours can reply from it.
        ("", ["in"]),  # The shop's inbox does not say which number it was.
    ],
)
def test_a_reply_leaves_from_the_number_that_they_wrote_to(log, written_to, replied_from):
    reminded(log)

    hear(log, "STOP", phone_number_id=written_to, sender_ids=IN_AND_AU)

    assert is_out(log)
    assert [one["sender"] for one in replies(log)] == replied_from


@pytest.mark.parametrize(("written_to", "replied_from"), [(NUMBER, "in"), ("333000000000003", "gone")])
def test_a_sender_that_is_not_known_here_replies_as_it_wrote_unless_its_number_has_another_name_now(
    log, written_to, replied_from
):
    reminded(log, sender="gone")

    hear(log, "STOP", phone_number_id=written_to, sender_ids=IN_AND_AU)

    assert [one["sender"] for one in replies(log)] == [replied_from]


# What Meta says was asked of it


@pytest.mark.parametrize(("values", "takes"), [(["stop"], False), (["stop", "resume"], True)])
def test_a_preference_told_to_whatsapp_covers_marketing_alone(log, values, takes):
    for number, value in enumerate(values):
        at = ANSWERED + dt.timedelta(minutes=number)
        update = PreferenceUpdate(NUMBER, PHONE, None, "marketing_messages", value, at)
        apply_preference(log, update, at)
        apply_preference(log, update, at)

    assert preferences(log).takes_marketing(PHONE) is takes
    assert not is_out(log)
    assert len(log.execute("SELECT * FROM partner_preference").fetchall()) == len(values)


def test_so_does_131050_whoever_is_told_it(log):
    id_ = reminded(log, status="sent")

    change(log, id_, status="failed", error_code=131050, failed_at=ANSWERED)

    assert not preferences(log).takes_marketing(PHONE)
    assert not is_out(log)


@pytest.mark.parametrize("word", ["STOP", "START"])
@pytest.mark.parametrize("order", [1, -1])
def test_who_then_says_it_themselves_leaves_nothing_to_be_decided(log, word, order):
    reminded(log)
    said = [("please don't send", ANSWERED), (word, ANSWERED + dt.timedelta(minutes=1))]
    for text, at in said[::order]:
        hear(log, text, at=at, now=ANSWERED + dt.timedelta(minutes=2))

    assert escalated(log) == []
    assert not preferences(log).waits_for_a_person(PARTNER_ID, PHONE)


def test_a_start_that_lifts_what_sounded_like_stop_is_confirmed_once(log):
    reminded(log)
    hear(log, "please don't send")
    for minute in (1, 2):
        hear(log, "START", at=ANSWERED + dt.timedelta(minutes=minute))

    assert [one["variables"]["reply"] for one in replies(log)] == ["started"]
    assert [one["became"] for one in kept(log)] == ["maybe_opt_out", "opted_in", None]


def test_what_sounds_like_stop_after_a_start_is_for_a_person_again(log):
    reminded(log)
    hear(log, "START")
    hear(log, "please don't send", at=ANSWERED + dt.timedelta(minutes=1))

    assert escalated(log) == [("R1", "maybe_opt_out")]
