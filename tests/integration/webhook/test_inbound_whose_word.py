"""Whose word it is: a phone however Meta spells it, a person by a user id alone, and STOP whatever it answers."""

from __future__ import annotations

import datetime as dt
import functools
from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.message_log.answers import (
    STOP_OF_NOBODY,
    last_inbound_of,
    note_stops_of_nobody_told,
    untold_stops_of_nobody,
)
from partner_messages.message_log.preferences import opt_outs, preferences
from partner_messages.recipients.spelling import dialled
from partner_messages.recipients.taps import help_payload
from partner_messages.webhook.apply import untold_webhook_errors
from support.at_once import wait_until_blocked
from support.examples import PARTNER_ID, PHONE
from support.inbound import (
    ANSWERED,
    NUMBER,
    SENT,
    escalated,
    hear,
    is_out,
    kept,
    reminded,
    replies,
    tap,
    told_somebody,
)
from support.log_rows import row
from support.spellings import BOTH_WAYS, DIFFERENT, SPELLED
from support.webhook_work import apply_webhooks
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item


def tell(log, body):
    """Store and apply one webhook."""
    apply_webhooks(log, body, now=ANSWERED)


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize(("word", "kept_as"), [("STOP", "stop"), ("band karo", "maybe")])
def test_or_by_the_statuses_of_what_was_sent_to_them_whatever_comes_first(log, told_first, word, kept_as):
    id_ = reminded(log)
    sent = status_item(row(log, id_)["meta_message_id"], "read", recipient_user_id="IN.5")
    said = [
        lambda: tell(log, of_statuses(sent)),
        lambda: hear(log, word, sender=None, user_id="IN.5", at=ANSWERED),
    ]

    for one in said if told_first else reversed(said):
        one()

    found = log.execute("SELECT phone, value, at, source FROM partner_preference").fetchall()
    assert found == [{"phone": PHONE, "value": kept_as, "at": ANSWERED, "source": "message"}]
    assert [one["phone"] for one in kept(log)] == [PHONE]
    tell(log, of_statuses({**sent, "status": "delivered"}))
    assert len(log.execute("SELECT * FROM partner_preference").fetchall()) == 1


@pytest.mark.parametrize("stop_first", [True, False])
def test_a_stop_that_is_applied_while_another_process_hears_whose_it_is_counts(log, log_url, kept_sessions, stop_first):
    reminded(log)
    said = [{"text": "STOP", "sender": None, "user_id": "IN.5"}, {"text": "hello", "user_id": "IN.5"}]
    first, second = said if stop_first else reversed(said)
    another = functools.partial(
        kept_sessions.session, log_url, autocommit=True, options="-c search_path=partner_messages"
    )

    with another() as beside, another() as observer, ThreadPoolExecutor(1) as pool:
        with log.transaction():
            hear(log, **first)
            hearing = pool.submit(hear, beside, **second)
            wait_until_blocked(observer, beside)
        hearing.result()

    assert is_out(log)


@pytest.mark.parametrize(("minute", "stays_out"), [(1, True), (-1, False)])
def test_a_start_of_somebody_unknown_undoes_an_earlier_stop_of_their_phone_and_no_later_one(log, minute, stays_out):
    reminded(log)
    hear(log, "START", sender=None, user_id="IN.5")
    hear(log, "STOP", at=ANSWERED + dt.timedelta(minutes=minute))

    hear(log, "hello", user_id="IN.5", at=ANSWERED + dt.timedelta(minutes=2))

    assert is_out(log) is stays_out


def test_a_stop_of_somebody_unknown_counts_once_they_name_a_message_of_ours(log):
    id_ = reminded(log)
    hear(log, "STOP", sender=None, user_id="IN.5")

    hear(log, "hello", sender=None, user_id="IN.5", context_wamid=row(log, id_)["meta_message_id"])

    assert is_out(log)


def test_a_stop_in_one_webhook_with_the_status_that_says_whose_it_is_counts(log):
    id_ = reminded(log)
    sent = status_item(row(log, id_)["meta_message_id"], recipient_user_id="IN.5")
    stop = {key: value for key, value in text_item(from_user_id="IN.5").items() if key != "from"}

    tell(log, envelope(messages_change(statuses=[sent], messages=[stop])))

    assert is_out(log)
    assert untold_stops_of_nobody(log) == {}


def test_who_names_our_message_is_whom_it_went_to_and_not_who_had_that_user_id_before(log):
    other = "+919812300000"
    earlier = reminded(log, "R2", to_phone=other, partner_id="P2")
    tell(log, of_statuses(status_item(row(log, earlier)["meta_message_id"], recipient_user_id="IN.5")))
    id_ = reminded(log)

    hear(log, "STOP", sender=None, user_id="IN.5", context_wamid=row(log, id_)["meta_message_id"])

    assert is_out(log)
    assert not is_out(log, other)


def test_a_stop_of_somebody_unknown_is_told_to_operations_once(log):
    reminded(log)
    for text in ("STOP", "band karo", "hello"):
        hear(log, text, sender=None, user_id="IN.5")

    told = untold_stops_of_nobody(log)
    assert [said.startswith(STOP_OF_NOBODY) for said in told.values()] == [True, True]
    assert untold_stops_of_nobody(log) == told
    note_stops_of_nobody_told(log, list(told), ANSWERED)
    assert untold_stops_of_nobody(log) == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"user_id": "IN.5"}, "whose phone is not known"),
        ({"wa_id": PHONE.removeprefix("+"), "category": "authentication_messages"}, "authentication_messages"),
    ],
)
def test_a_preference_that_cannot_be_kept_is_told_to_operations(log, said, why):
    """Of somebody unknown, as a STOP of theirs is; and one that covers something else than marketing."""
    preference = {"category": "marketing_messages", "value": "stop", "timestamp": int(ANSWERED.timestamp()), **said}

    tell(log, envelope({**messages_change(user_preferences=[preference]), "field": "user_preferences"}))

    (told,) = untold_webhook_errors(log)
    assert why in told
    assert log.execute("SELECT FROM partner_preference").fetchall() == []


def test_a_button_below_another_s_message_is_not_believed_of_somebody_unknown(log):
    id_ = reminded(log)

    hear(log, **tap(help_payload(id_), sender=None, user_id="IN.6"))
    assert escalated(log) == []

    hear(log, **tap(help_payload(id_), sender=None, user_id="IN.6", context_wamid=row(log, id_)["meta_message_id"]))
    assert len(escalated(log)) == 1


# One phone in two spellings


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
def test_whatever_they_say_is_theirs_however_meta_spells_their_phone(log, ours, theirs):
    id_ = reminded(log, to_phone=ours)
    about = {"sender": theirs, "context_wamid": row(log, id_)["meta_message_id"]}

    hear(log, **tap(help_payload(id_), sender=theirs))
    hear(log, "material late", sender=theirs)
    hear(log, "हिंदी", **about)
    hear(log, "STOP", **about)

    assert {reason for _, reason in escalated(log)} == {"asked_for_help", "answered"}
    assert {(one["phone"], one["message_id"]) for one in kept(log)} == {(theirs, id_)}
    assert is_out(log, ours)
    assert is_out(log, theirs)
    assert preferences(log).language_of(ours) == "hi"
    assert {(one["variables"]["reply"], one["to_phone"]) for one in replies(log)} == {
        ("help", theirs),
        ("language", theirs),
    }
    assert last_inbound_of(log, [ours], until=ANSWERED) == {(ours, NUMBER): ANSWERED}


def test_the_log_spells_a_phone_as_the_package_does(log):
    phones = [phone for pair in (*SPELLED.values(), *DIFFERENT.values()) for phone in pair]
    phones += [f"{phone}0" for phone in phones] + [phone[:-1] for phone in phones]
    found = log.execute("SELECT phone, dialled(phone) AS dialled FROM unnest(%s::text[]) AS phone", [phones]).fetchall()

    assert {one["phone"]: one["dialled"] for one in found} == {phone: dialled(phone) for phone in phones}


@pytest.mark.parametrize(("text", "became"), [("STOP", "opted_out"), ("please stop", "maybe_opt_out")])
@pytest.mark.parametrize("named", [True, False])
def test_a_stop_counts_whatever_it_answers(log, text, became, named):
    reminded(log)
    later = SENT + dt.timedelta(minutes=1)
    id_ = reminded(log, "R2", delivery="redirect", redirected="hash", partner_id="P2", sent_at=later, claimed_at=later)

    hear(log, text, context_wamid=row(log, id_)["meta_message_id"] if named else None)

    known = preferences(log)
    assert (known.has_opted_out(PARTNER_ID, PHONE) or known.waits_for_a_person(PARTNER_ID, PHONE)) is True
    assert [one["became"] for one in kept(log)] == [became]
    assert log.execute("SELECT partner_id FROM partner_preference").fetchall() == [{"partner_id": None}]
    assert escalated(log) == []
    assert replies(log) == []


# What was entered by hand, long after our last message

LONG_AFTER = ANSWERED + dt.timedelta(days=3)


@pytest.mark.parametrize(("word", "said"), [("START", ["started"]), ("STOP", [])])
def test_what_changes_an_opt_out_by_hand_is_confirmed_however_old_our_last_message_is(log, word, said):
    reminded(log)
    told_somebody(log, PARTNER_ID, at=ANSWERED)

    hear(log, word, at=LONG_AFTER)

    assert is_out(log) is (word == "STOP")
    assert [one["variables"]["reply"] for one in replies(log)] == said


def test_who_has_opted_out_stands_once_in_the_list_and_no_more_after_their_own_start(log):
    reminded(log)
    told_somebody(log, PARTNER_ID, at=ANSWERED)
    assert [one["source"] for one in opt_outs(log)] == ["told_us"]

    hear(log, "STOP", at=ANSWERED + dt.timedelta(hours=1))
    assert [one["source"] for one in opt_outs(log)] == ["message"]

    hear(log, "START", at=ANSWERED + dt.timedelta(hours=2))
    assert opt_outs(log) == []


def test_what_sounded_like_stop_before_a_person_decided_is_not_to_be_decided_again(log):
    reminded(log)
    told_somebody(log, PARTNER_ID, "start", at=LONG_AFTER + dt.timedelta(hours=1))

    hear(log, "please stop", at=LONG_AFTER, now=LONG_AFTER + dt.timedelta(hours=2))

    assert escalated(log) == []


def test_what_sounded_like_stop_and_was_decided_stands_in_the_list_no_more(log):
    reminded(log)
    hear(log, "please don't send", at=LONG_AFTER)
    assert [(one["value"], one["phone"]) for one in opt_outs(log)] == [("maybe", PHONE)]

    told_somebody(log, PARTNER_ID, "start", at=LONG_AFTER + dt.timedelta(hours=1))

    assert opt_outs(log) == []


@pytest.mark.parametrize(("seconds_later", "out"), [(-1, True), (0, True), (1, False)])
def test_an_opt_out_by_hand_is_lifted_by_a_later_start_and_by_none_of_the_same_moment(log, seconds_later, out):
    reminded(log)
    told_somebody(log, PARTNER_ID, at=ANSWERED)

    hear(log, "START", at=ANSWERED + dt.timedelta(seconds=seconds_later))

    assert is_out(log) is out


def test_a_start_that_lifts_the_opt_out_of_one_of_two_partners_on_a_phone_is_not_confirmed(log):
    reminded(log)
    reminded(log, "R2", partner_id="P2")
    told_somebody(log, PARTNER_ID, at=ANSWERED)
    told_somebody(log, "P2", at=ANSWERED + dt.timedelta(hours=2))

    hear(log, "START", at=ANSWERED + dt.timedelta(hours=1))

    assert (is_out(log), is_out(log, partner_id="P2")) == (False, True)
    assert replies(log) == []
