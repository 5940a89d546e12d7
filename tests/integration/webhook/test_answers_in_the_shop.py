"""Without a public address: what partners write is read from the shop's inbox, and ends as a webhook's would."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log import promises
from partner_messages.message_log.preferences import preferences
from partner_messages.ops.hearing import hear, untold
from partner_messages.recipients.taps import later_payload, promise_payload
from sandbox.shop import partner_id
from support.deployment import TICK
from support.examples import DAY, PHONE
from support.inbound import ANSWERED, reminded
from support.inbound import hear as hear_webhook
from support.log_rows import change, row
from support.restoring import empty

RAJESH = partner_id("RAJESH")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _of_the_shop(deployment, shop):
    deployment.set(status_source="shop", senders=["in"])
    shop.execute("DELETE FROM messaging_message")


def conversation(shop, phone=PHONE, partner=RAJESH):
    """A conversation with a partner on a number as somebody has typed it."""
    id_ = f"C{next(_numbers)}"
    shop.execute(
        "INSERT INTO messaging_conversation (id, partner_id, phone_number) VALUES (%s, %s, %s)", [id_, partner, phone]
    )
    return id_


def writes(shop, content, at=ANSWERED, *, answers=None, **columns):
    """Let a partner write, as the shop's own webhook keeps it."""
    id_ = f"M{next(_numbers):05}"
    if answers:
        # The shop can name only what stands in its inbox.
        shop.execute(
            "INSERT INTO messaging_message (id, conversation_id, direction, content, wa_message_id)"
            " VALUES (%s, 'C', 'outbound', 'x', %s)",
            [f"{id_}A", answers],
        )
    said = {
        "id": id_,
        "conversation_id": columns.pop("conversation_id", None) or conversation(shop),
        "direction": "inbound",
        "content": content,
        "message_type": "text",
        "wa_message_id": f"wamid.{id_}",
        "status": "delivered",
        "reply_to_id": f"{id_}A" if answers else None,
        "created_at": at,
        **columns,
    }
    shop.execute(
        f"INSERT INTO messaging_message ({', '.join(said)}) VALUES ({', '.join(['%s'] * len(said))})",
        list(said.values()),
    )
    return said


def look(log, now=ANSWERED + dt.timedelta(minutes=1)):
    return (*hear(log, load_settings(), now), *(one.said for one in untold(log)))


def kept(log):
    return log.execute("SELECT * FROM answer ORDER BY received_at, wamid").fetchall()


def outcome(log):
    """All that has come of what was written."""
    return {
        "answers": log.execute("SELECT kind, intent, text, phone, became FROM answer ORDER BY received_at").fetchall(),
        "preferences": log.execute(
            "SELECT kind, value, phone, at FROM partner_preference ORDER BY at, kind"
        ).fetchall(),
        "escalations": log.execute("SELECT production_run_id, reason FROM escalation ORDER BY 1, 2").fetchall(),
        "promises": log.execute("SELECT production_run_id, due_on, state FROM promise ORDER BY made_at").fetchall(),
        "replies": log.execute(
            "SELECT variables ->> 'reply' AS reply FROM message_log WHERE message_kind = 'reply' ORDER BY created_at"
        ).fetchall(),
    }


SAID: dict[str, list[dict[str, Any]]] = {
    "stop": [{"text": "STOP"}],
    "stop and start": [{"text": "start"}, {"text": "Stop!"}],
    "a language": [{"text": "हिंदी"}],
    "help": [{"text": "Need help", "kind": "interactive"}],
    "later": [{"text": "Remind me later", "kind": "interactive"}],
    "a free text": [{"text": "material came late, from Monday"}],
    "what sounds like stop": [{"text": "please don't send"}],
    "a picture": [{"text": "stop", "kind": "image"}],
    "a voice message": [{"text": None, "kind": "audio"}],
    "several": [{"text": "colour?"}, {"text": "मदद"}, {"text": "बंद करो"}],
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_read_there_ends_as_a_webhook_s_would(log, shop, case):
    def said():
        return [(one, ANSWERED + dt.timedelta(seconds=number)) for number, one in enumerate(SAID[case])]

    now = ANSWERED + dt.timedelta(minutes=1)
    reminded(log)
    for one, at in said():
        hear_webhook(log, at=at, now=now, **one)
    expected = outcome(log)
    empty(log)

    reminded(log)
    for one, at in said():
        kind = one.get("kind", "text")
        type_ = kind if kind in ("text", "interactive") else "media"
        mime = f"{kind}/x" if type_ == "media" else None
        writes(shop, one["text"] or "", at, message_type=type_, media_mime_type=mime)
    assert look(log, now) == ()

    assert outcome(log) == expected


def test_looking_again_changes_nothing_and_neither_does_the_webhook_of_the_same_message(log, shop):
    reminded(log)
    said = writes(shop, "STOP")
    look(log)
    before = outcome(log)

    for minutes in (15, 30):
        look(log, ANSWERED + dt.timedelta(minutes=minutes))
    hear_webhook(log, "STOP", wamid=said["wa_message_id"])

    assert outcome(log) == before
    assert [one["times_received"] for one in log.execute("SELECT times_received FROM webhook_event")] == [1]


def test_what_it_answers_is_known_where_the_shop_has_that_message(log, shop):
    first = reminded(log, "R1")
    reminded(log, "R2", claimed_at=TICK + dt.timedelta(minutes=9))

    writes(shop, "done", answers=row(log, first)["meta_message_id"])
    look(log)

    assert [(one["production_run_id"], one["message_id"]) for one in kept(log)] == [("R1", first)]


def test_a_day_that_was_offered_is_known_by_its_label(log, shop):
    id_ = reminded(log, language="en")
    hear_webhook(log, "Remind me later", kind="button", payload=later_payload(id_))

    writes(shop, "Wed 25 Nov", ANSWERED + dt.timedelta(minutes=1), message_type="interactive")
    look(log, ANSWERED + dt.timedelta(minutes=2))

    assert kept(log)[-1]["payload"] == promise_payload(id_, DAY + dt.timedelta(days=2))
    assert promises.open_promises(log)["R1"].due_on == DAY + dt.timedelta(days=2)


def test_of_two_replies_that_offer_the_same_days_the_one_that_is_answered_counts(log, shop):
    asked = {}
    for run, minute in (("R1", 0), ("R2", 1)):
        at = ANSWERED + dt.timedelta(minutes=minute)
        id_ = reminded(log, run, language="en")
        hear_webhook(log, "Remind me later", kind="button", payload=later_payload(id_), at=at)
        (reply,) = log.execute(
            "UPDATE message_log SET status = 'sending', claimed_at = %(at)s"
            " WHERE message_kind = 'reply' AND status = 'queued' RETURNING id",
            {"at": at},
        ).fetchall()
        asked[run] = f"wamid.reply.{run}"
        change(log, reply["id"], status="sent", sent_at=at, meta_message_id=asked[run])

    writes(shop, "Wed 25 Nov", ANSWERED + dt.timedelta(minutes=2), message_type="interactive", answers=asked["R1"])
    look(log, ANSWERED + dt.timedelta(minutes=3))

    assert {run: one.due_on for run, one in promises.open_promises(log).items()} == {"R1": DAY + dt.timedelta(days=2)}


@pytest.mark.parametrize(
    ("written", "phone"),
    [("919829012345", PHONE), ("098290 12345", PHONE), ("whatsapp:+919829012345", PHONE), ("", None), ("9123", None)],
)
def test_the_phone_is_the_one_that_we_have_written_to(log, shop, written, phone):
    reminded(log, partner_id=RAJESH)

    writes(shop, "STOP", conversation_id=conversation(shop, written))
    said = look(log)

    assert preferences(log).has_opted_out("whoever", PHONE) is (phone is not None)
    assert ["from nobody" in one for one in said] == ([] if phone else [True])


def test_a_number_of_two_readings_is_the_one_we_have_written_to_and_else_nobody_s(log, shop):
    written = "6591234567"  # A mobile of India, or one of Singapore.
    there = conversation(shop, written)
    writes(shop, "STOP", conversation_id=there)

    (said,) = look(log)
    assert "from nobody" in said
    assert preferences(log).own == {}

    reminded(log, partner_id=RAJESH, to_phone="+916591234567")
    writes(shop, "STOP", conversation_id=there)
    look(log)
    assert preferences(log).own.keys() == {"+916591234567"}


def test_what_somebody_has_tidied_away_was_said_and_what_is_old_is_not_read(log, shop):
    reminded(log)
    writes(shop, "STOP", deleted_at=ANSWERED)
    writes(shop, "help", ANSWERED - dt.timedelta(days=7, minutes=2))
    look(log)

    assert [one["text"] for one in kept(log)] == ["STOP"]


def test_one_without_meta_s_id_is_known_by_its_row(log, shop):
    reminded(log)
    said = writes(shop, "help", wa_message_id=None)
    look(log)
    look(log, ANSWERED + dt.timedelta(minutes=16))

    assert [one["wamid"] for one in kept(log)] == [f"shop:{said['id']}"]


def test_what_comes_long_after_is_recorded_and_not_replied_to(log, shop):
    reminded(log)
    writes(shop, "STOP")
    look(log, ANSWERED + dt.timedelta(minutes=14))

    assert preferences(log).has_opted_out("whoever", PHONE)
    assert outcome(log)["replies"] == []


@pytest.mark.parametrize("source", ["webhook", "meta"])
def test_the_inbox_is_read_where_the_setting_says_so(deployment, log, shop, source):
    deployment.set(status_source=source)
    writes(shop, "STOP")
    look(log)

    assert kept(log) == []


def test_an_older_shop_keeps_neither_what_is_answered_nor_the_type_of_a_file(log, altered_shop):
    altered_shop.execute("ALTER TABLE messaging_message DROP COLUMN reply_to_id, DROP COLUMN media_mime_type")
    altered_shop.execute(
        "INSERT INTO messaging_message"
        " (id, conversation_id, direction, content, message_type, wa_message_id, created_at)"
        " SELECT 'X1', id, 'inbound', 'loom', 'media', 'wamid.X1', %s"
        " FROM messaging_conversation WHERE partner_id = %s",
        [ANSWERED, partner_id("MEERA")],
    )

    assert look(log) == ()
    assert [(one["kind"], one["text"], one["phone_number_id"]) for one in kept(log)] == [("document", "loom", "")]


def test_a_shop_that_cannot_be_asked_is_said(deployment, log):
    deployment.set(tables={"messaging_message": "gone"})

    assert look(log)[0].startswith("Answers were not looked up (status_source shop): ")
