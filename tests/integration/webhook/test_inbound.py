"""What partners write is kept once and taken for the right run; a test phone acts on nobody."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log.answers import last_inbound_of, listen_with
from partner_messages.message_log.preferences import preferences
from partner_messages.recipients.taps import help_payload
from partner_messages.webhook.events import PreferenceUpdate
from partner_messages.webhook.inbound import apply_inbound, apply_preference
from support.examples import PARTNER_ID, PHONE
from support.inbound import (
    ANSWERED,
    NUMBER,
    OTHER_PHONE,
    SENT,
    escalated,
    hear,
    inbound,
    is_out,
    kept,
    reminded,
    replies,
    tap,
)
from support.log_rows import put, row
from support.webhook_work import SENDER_IDS

# Kept, and for which message


def test_an_answer_is_kept_with_the_message_that_it_names(log):
    first = reminded(log, "R1")
    reminded(log, "R2", sent_at=SENT + dt.timedelta(minutes=1), claimed_at=SENT + dt.timedelta(minutes=1))

    hear(log, "ठीक है", context_wamid=row(log, first)["meta_message_id"])

    (one,) = kept(log)
    assert (one["message_id"], one["production_run_id"], one["partner_id"]) == (first, "R1", PARTNER_ID)
    assert (one["text"], one["kind"], one["phone"], one["received_at"]) == ("ठीक है", "text", PHONE, ANSWERED)


def test_without_a_context_it_answers_the_last_message_to_that_phone_within_a_day(log):
    reminded(log, "R1")
    last = reminded(log, "R2", claimed_at=SENT + dt.timedelta(minutes=1))
    reminded(log, "R3", to_phone=OTHER_PHONE, claimed_at=SENT + dt.timedelta(minutes=2))

    hear(log, "from Monday")
    hear(log, "from Monday", at=SENT + dt.timedelta(hours=24, minutes=2))

    assert [one["message_id"] for one in kept(log)] == [last, None]
    assert escalated(log) == [("R2", "answered")]


def test_a_message_that_arrived_and_failed_afterwards_is_one_to_answer_and_one_that_never_arrived_is_none(log):
    reached = reminded(log, "R1", status="failed", delivered_at=SENT, failed_at=SENT, error_code=131026)
    later = {"sent_at": SENT + dt.timedelta(minutes=1), "claimed_at": SENT + dt.timedelta(minutes=1)}
    reminded(log, "R2", status="failed", failed_at=SENT, error_code=131026, **later)

    hear(log, "help")

    assert [one["message_id"] for one in kept(log)] == [reached]
    assert escalated(log) == [("R1", "asked_for_help")]


def test_a_follow_up_stands_for_what_it_follows(log):
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


@pytest.mark.parametrize(("wamid", "named"), [(None, True), ("wamid.image", False)])
def test_a_follow_up_whose_id_is_not_known_yet_may_be_the_one_that_is_named(log, wamid, named):
    parent = reminded(log, "R1")
    put(
        *(log, "unknown" if wamid is None else "sent", "R1"),
        message_kind="followup",
        parent_id=parent,
        context_id="R1:image",
        meta_message_id=wamid,
        claimed_at=SENT + dt.timedelta(minutes=1),
    )

    hear(log, "nice", context_wamid="wamid.that.nobody.knows")

    assert [one["message_id"] for one in kept(log)] == [parent if named else None]


def test_the_same_message_again_changes_nothing(log):
    reminded(log)
    message = inbound("STOP")
    apply_inbound(log, message, ANSWERED, SENDER_IDS)
    before = (kept(log), replies(log), log.execute("SELECT * FROM partner_preference").fetchall())

    for _ in range(3):
        apply_inbound(log, message, ANSWERED, SENDER_IDS)

    assert before == (kept(log), replies(log), log.execute("SELECT * FROM partner_preference").fetchall())
    assert len(before[1]) == 1


def test_a_message_that_names_another_phone_s_message_is_not_about_it(log):
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
def test_a_reaction_is_kept_and_asks_for_nothing(log, changes):
    id_ = reminded(log)

    hear(log, **changes)

    assert [(one["message_id"], one["kind"]) for one in kept(log)] == [(id_, changes["kind"])]
    assert escalated(log) == []


@pytest.mark.parametrize("kind", ["image", "audio", "document", "sticker", "location"])
def test_what_is_no_text_is_for_a_person_to_look_at(log, kind):
    reminded(log)

    hear(log, kind=kind, text="loom" if kind == "image" else None)

    assert escalated(log) == [("R1", "answered")]


def test_a_text_of_any_signs_is_kept(log):
    reminded(log)

    hear(log, "half \ud83d and \0 nothing")

    assert kept(log)[0]["text"] == "half ? and  nothing"


@pytest.mark.parametrize(("ours", "expected"), [("wamid.ours", []), (None, [("R1", "answered")])])
def test_what_names_a_message_that_is_not_ours_answers_ours_only_where_ours_has_no_id_yet(log, ours, expected):
    reminded(log, meta_message_id=ours, status="sent" if ours else "unknown")

    hear(log, "Yes", context_wamid="wamid.of.the.shop")
    hear(log, "Remind me later", kind="button", payload="Remind me later", context_wamid="wamid.of.the.shop")

    assert escalated(log) == expected
    assert [one["variables"]["reply"] for one in replies(log)] == ([] if ours else ["when"])


@pytest.mark.parametrize(("kind", "opens"), [("text", True), ("reaction", True), ("system", False)])
def test_whatever_a_partner_sends_opens_the_window_and_what_whatsapp_says_of_them_does_not(log, kind, opens):
    hear(log, "x", kind=kind)

    assert last_inbound_of(log, [PHONE], until=ANSWERED) == ({(PHONE, NUMBER): ANSWERED} if opens else {})


# A person without a phone


def test_a_person_with_a_username_is_known_by_an_earlier_pair(log):
    reminded(log)
    hear(log, "hello", user_id="IN.123")

    hear(log, "STOP", sender=None, user_id="IN.123", at=ANSWERED + dt.timedelta(minutes=1))

    assert is_out(log)


@pytest.mark.parametrize("minute", [-1, 1], ids=["written before", "written after"])
def test_a_stop_of_somebody_unknown_counts_as_soon_as_a_message_says_whose_it_is(log, minute):
    reminded(log)
    hear(log, "STOP", sender=None, user_id="IN.123", now=ANSWERED)

    hear(log, "hello", user_id="IN.123", at=ANSWERED + dt.timedelta(minutes=minute))

    assert is_out(log)
    assert {one["phone"] for one in kept(log)} == {PHONE}
    assert {one["became"] for one in kept(log)} >= {"opted_out"}


def test_a_start_with_a_phone_lifts_the_stop_without_one_that_came_before(log):
    reminded(log)
    hear(log, "STOP", sender=None, user_id="IN.123", now=ANSWERED)

    hear(log, "START", user_id="IN.123", at=ANSWERED + dt.timedelta(minutes=1))

    assert not is_out(log)
    assert [one["variables"]["reply"] for one in replies(log)] == ["started"]


def test_or_by_the_message_that_they_name(log):
    id_ = reminded(log)

    hear(log, "STOP", sender=None, user_id="IN.5", context_wamid=row(log, id_)["meta_message_id"])

    assert is_out(log)


def test_else_what_they_write_is_kept_and_attributed_to_nobody(log):
    reminded(log)

    hear(log, "STOP", sender=None, user_id="IN.5")

    assert [(one["phone"], one["message_id"], one["user_id"]) for one in kept(log)] == [(None, None, "IN.5")]
    assert log.execute("SELECT * FROM partner_preference").fetchall() == []


# Nobody's word


@pytest.mark.parametrize("text", ["help", "हिंदी", "material late"])
def test_an_answer_to_a_redirected_message_is_kept_and_acts_on_nobody(log, text):
    id_ = reminded(log, delivery="redirect", redirected="hash")

    hear(log, text)
    hear(log, **tap(help_payload(id_), at=ANSWERED + dt.timedelta(minutes=1)))

    assert [one["became"] for one in kept(log)] == ["redirected", "redirected"]
    assert log.execute("SELECT * FROM partner_preference").fetchall() == []
    assert escalated(log) == []
    assert replies(log) == []


def test_a_time_that_lies_ahead_is_taken_for_now(log):
    reminded(log)

    hear(log, "STOP", at=ANSWERED + dt.timedelta(days=400), now=ANSWERED)

    assert kept(log)[0]["received_at"] == ANSWERED


# What is set in WhatsApp itself


def set_in_whatsapp(value="stop", **changes):
    plain = {"phone_number_id": NUMBER, "sender": PHONE, "user_id": None, "category": "marketing_messages"}
    return PreferenceUpdate(**{**plain, "value": value, "at": ANSWERED, **changes})


def test_a_preference_of_somebody_with_a_username_is_theirs_whose_phone_was_heard_before(log):
    hear(log, "hello", user_id="IN.5")

    apply_preference(log, set_in_whatsapp(sender=None, user_id="IN.5"), ANSWERED)

    assert not preferences(log).takes_marketing(PHONE)


def test_a_preference_whose_time_lies_ahead_is_taken_for_now_so_that_the_next_one_counts(log):
    apply_preference(log, set_in_whatsapp(at=ANSWERED + dt.timedelta(days=9)), ANSWERED)
    apply_preference(
        log, set_in_whatsapp("resume", at=ANSWERED + dt.timedelta(minutes=1)), ANSWERED + dt.timedelta(minutes=1)
    )

    assert preferences(log).takes_marketing(PHONE)


# What is an answer


@pytest.mark.parametrize(("reminds", "is_answer"), [(True, True), (False, False)])
@pytest.mark.parametrize("changes", [{"kind": "reaction", "text": "👍"}, {"text": "Thank you"}])
def test_whatever_is_about_a_message_of_ours_is_an_answer_and_what_is_the_shop_s_is_none(
    log, changes, reminds, is_answer
):
    if reminds:
        reminded(log)

    assert apply_inbound(log, inbound(**changes), ANSWERED, SENDER_IDS) is is_answer


def test_of_the_settings_nothing_is_written_down_but_what_answers_are_taken_with(log):
    listen_with(log, parse_settings({"stop_words": ["halt"], "senders": ["in"], "max_reminders": 3}), ANSWERED)

    assert log.execute("SELECT settings FROM listening").fetchall() == [{"settings": {"stop_words": ["halt"]}}]
