"""What was stored is applied: each status to its row, whatever else the webhook holds, and once."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections import defaultdict

import psycopg
import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log.answers import listen_with
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.outbox import claim, settle
from partner_messages.messages.values import Settlement
from partner_messages.webhook import apply
from partner_messages.webhook.apply import (
    apply_backlog,
    untold_webhook_errors,
)
from partner_messages.webhook.apply_record import MAX_ERRORS, WebhookItem, note_error
from partner_messages.webhook.events import Unrecognised
from partner_messages.webhook.store import store
from support.deployment import TICK
from support.log_rows import put, row
from support.webhook_work import SENDER_IDS, apply_webhooks
from support.webhooks import (
    NUMBER,
    encoded,
    envelope,
    messages_change,
    of_statuses,
    status_item,
    text_item,
)

MINUTE = dt.timedelta(minutes=1)
LATER = TICK + dt.timedelta(hours=1)
A_FAILURE = {"code": 131026, "title": "Message undeliverable", "error_data": {"details": "Not on WhatsApp."}}


def hear(log, *bodies):
    return apply_webhooks(log, *bodies, now=LATER)


def errors(log):
    found = log.execute("SELECT errors FROM webhook_event WHERE errors <> '[]' ORDER BY id").fetchall()
    return [error["why"] for of in found for error in of["errors"]]


def test_a_status_is_joined_by_meta_s_id(log):
    id_ = put(log, "sent", meta_message_id="wamid.A", sent_at=TICK)
    done = hear(log, of_statuses(status_item(status="delivered", at=TICK + MINUTE)))

    found = row(log, id_)
    assert (found["status"], found["delivered_at"], found["sent_at"]) == ("delivered", TICK + MINUTE, TICK)
    assert (done.webhooks, done.changed, done.waiting) == (1, 1, 0)


@pytest.mark.parametrize("before", ["queued", "sending", "unknown"])
@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed"])
def test_a_status_by_our_own_id_settles_what_is_not_settled(log, before, status):
    id_ = put(log, before)
    hear(log, of_statuses(status_item(status=status, biz_opaque_callback_data=str(id_))))

    assert (row(log, id_)["status"], row(log, id_)["meta_message_id"]) == (status, "wamid.A")
    assert claim(log, [id_], uuid.uuid4(), LATER) == []


def test_our_own_answer_may_come_after_meta_s_word(log):
    id_, token = put(log), uuid.uuid4()
    claim(log, [id_], token, TICK)
    hear(log, of_statuses(status_item(status="delivered", biz_opaque_callback_data=str(id_))))
    assert row(log, id_)["sent_at"] == TICK

    settle(log, token, [Settlement(id_, "sent", meta_message_id="wamid.A")], TICK)

    assert row(log, id_)["status"] == "delivered"
    assert row(log, id_)["sent_at"] != TICK
    assert not row(log, id_)["sent_at_is_metas"]


def test_a_failure_keeps_its_code_and_frees_the_slot(log):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    hear(log, of_statuses(status_item(status="failed", errors=[A_FAILURE])))

    found = row(log, id_)
    assert (found["status"], found["error_code"], found["error_detail"]) == ("failed", 131026, "Not on WhatsApp.")
    assert not found["holds_slot"]
    put(log, "queued")


@pytest.mark.parametrize("order", [["delivered", "failed"], ["failed", "delivered"], ["failed", "read"]])
def test_a_failure_beside_a_delivery_keeps_the_slot(log, order):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    hear(log, *(of_statuses(status_item(status=status)) for status in order))

    assert row(log, id_)["status"] == "failed"
    assert row(log, id_)["holds_slot"]


def test_a_delivery_of_a_failed_message_whose_slot_was_taken_anew_changes_nothing_and_is_told(log):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    hear(log, of_statuses(status_item(status="failed")))
    other = put(log, "sent", meta_message_id="wamid.B")
    done = hear(log, of_statuses(status_item(status="delivered"), status_item("wamid.B", "read")))

    assert (row(log, id_)["status"], row(log, id_)["delivered_at"]) == ("failed", None)
    assert row(log, other)["status"] == "read"
    assert errors(log) == ["slot_retaken"]
    assert done.errors == {"slot_retaken": 1}


def test_the_price_is_kept(log):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    pricing = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
    hear(log, of_statuses(status_item(pricing=pricing)))

    found = row(log, id_)
    names = ("pricing_category", "pricing_billable", "pricing_type", "pricing_model")
    assert [found[name] for name in names] == ["utility", True, "regular", "PMP"]


@pytest.mark.parametrize(
    ("changes", "number", "why"),
    [
        ({"biz_opaque_callback_data": "ours", "id": "wamid.OTHER"}, NUMBER, "another_wamid"),
        ({"biz_opaque_callback_data": "ours"}, "111000000000002", "another_number"),
        ({}, "111000000000002", "another_number"),
        ({"biz_opaque_callback_data": "another's"}, NUMBER, "another_message"),
        ({"biz_opaque_callback_data": "nobody's"}, NUMBER, "another_message"),
    ],
)
def test_what_does_not_fit_together_touches_no_row(log, changes, number, why):
    ids = {
        "ours": str(put(log, "sent", meta_message_id="wamid.A")),
        "another's": str(put(log, "unknown", "R2")),
        "nobody's": str(uuid.uuid4()),
    }
    before = [row(log, ids["ours"]), row(log, ids["another's"])]
    opaque = changes.get("biz_opaque_callback_data")
    item = {**status_item(status="read"), **changes, **({"biz_opaque_callback_data": ids[opaque]} if opaque else {})}
    hear(log, of_statuses(item, number=number))

    assert [row(log, ids["ours"]), row(log, ids["another's"])] == before
    assert errors(log) == [why]


@pytest.mark.parametrize(("status", "delivery"), [("skipped", "live"), ("rehearsed", "dry_run")])
def test_what_was_never_sent_stays(log, status, delivery):
    id_ = put(log, status, delivery=delivery)
    hear(log, of_statuses(status_item(biz_opaque_callback_data=str(id_))))

    assert row(log, id_)["status"] == status
    assert errors(log) == ["never_sent"]


def test_ids_that_are_not_ours_are_normal_and_a_status_waits_for_its_row(log):
    of_shop = status_item("wamid.SHOP", biz_opaque_callback_data="x")
    done = hear(log, of_statuses(status_item(status="delivered"), of_shop))
    assert (done.waiting, errors(log)) == (2, [])

    id_ = put(log, "sent", meta_message_id="wamid.A")
    hear(log)

    assert row(log, id_)["status"] == "delivered"
    assert [waiting["wamid"] for waiting in log.execute("SELECT wamid FROM waiting_status")] == ["wamid.SHOP"]


def test_one_bad_item_loses_none_of_a_thousand(log):
    ids = [put(log, "sent", f"R{n}", meta_message_id=f"wamid.{n}") for n in range(40)]
    good = [status_item(f"wamid.{n}", "delivered") for n in range(40)]
    done = hear(log, of_statuses(*good[:20], {"status": "delivered"}, "x", *good[20:]))

    assert {row(log, id_)["status"] for id_ in ids} == {"delivered"}
    assert done.errors.total() == 2


def test_of_the_largest_batch_that_meta_sends_each_bad_item_is_kept_with_its_error_and_counted(log):
    put(log, "sent", meta_message_id="wamid.A", sender="in")
    stray = status_item(biz_opaque_callback_data=str(uuid.uuid4()))
    hear(log, of_statuses(*[{"status": "delivered"}] * 1_000), of_statuses(*[stray] * 1_000))

    found = [event["errors"] for event in log.execute("SELECT errors FROM webhook_event ORDER BY id")]
    assert [{error["item"] for error in of} for of in found] == [set(range(1_000))] * 2
    assert [len({error["why"] for error in of}) for of in found] == [1, 1]
    assert [said.split(" (")[0] for said in untold_webhook_errors(log)] == [
        "1000 items of webhooks could not be applied"
    ] * 2


def test_of_an_error_no_more_is_kept_than_somebody_reads():
    errors = defaultdict(list)
    note_error(errors, WebhookItem(1, 0, Unrecognised(None, "odd", None), TICK), "x" * 100_000)

    assert len(errors[1][0]["why"]) <= 1_000


def test_the_same_webhook_again_changes_nothing_and_is_counted(log):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    body = of_statuses(status_item(status="delivered"))
    hear(log, body)
    before = row(log, id_)
    done = hear(log, body, body)

    assert row(log, id_) == before
    assert done.webhooks == 0
    assert [event["times_received"] for event in log.execute("SELECT times_received FROM webhook_event")] == [3]


def test_a_row_that_somebody_is_writing_is_passed_over_and_comes_next(log, log_url):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    other = put(log, "sent", "R2", meta_message_id="wamid.B")
    with psycopg.connect(log_url, options="-c search_path=partner_messages") as writer:
        writer.execute("SELECT FROM message_log WHERE id = %s FOR NO KEY UPDATE", [id_])
        done = hear(log, of_statuses(status_item(status="read"), status_item("wamid.B", "read")))

        assert (done.busy, row(log, id_)["status"], row(log, other)["status"]) == (2, "sent", "read")
    hear(log)

    assert row(log, id_)["status"] == "read"


def test_what_a_batch_cannot_write_costs_no_other_row(log):
    good, bad = put(log, "sent", meta_message_id="wamid.A"), put(log, "sent", "R2", meta_message_id="wamid.B")
    log.execute(f"ALTER TABLE message_log ADD CONSTRAINT hit CHECK (id <> '{bad}' OR status = 'sent') NOT VALID")
    try:
        hear(log, of_statuses(status_item(status="read"), status_item("wamid.B", "read")))
    finally:
        log.execute("ALTER TABLE message_log DROP CONSTRAINT hit")

    assert (row(log, good)["status"], row(log, bad)["status"]) == ("read", "sent")
    assert len(errors(log)) == 1


@pytest.mark.parametrize(("much", "used"), [(1, 2), (1_000_000, 1)])
def test_where_much_waits_two_sessions_share_it_and_else_one_does_it(deployment, log, monkeypatch, much, used):
    ids = [put(log, "sent", f"R{n}", meta_message_id=f"wamid.{n}") for n in range(6)]
    for n in range(6):
        store(log, of_statuses(status_item(f"wamid.{n}", "delivered")), LATER)
    monkeypatch.setattr(apply, "MAX_BATCH_BYTES", much)
    opened = []

    @contextlib.contextmanager
    def session():
        opened.append(None)
        with open_message_log() as connection:
            yield connection

    done = apply_backlog(session, SENDER_IDS, lambda: LATER)

    assert {row(log, id_)["status"] for id_ in ids} == {"delivered"}
    assert (len(opened), done.webhooks, done.changed, done.items["StatusUpdate"]) == (used, 6, 6, 6)


LONG = "wamid." + "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2_000))
"""Longer than an index of PostgreSQL can hold, and of no pattern that it could shorten."""


@pytest.mark.parametrize(
    "change",
    [
        messages_change(messages=[text_item(LONG)]),
        messages_change(messages=[text_item("wamid.L", from_user_id=LONG)]),
        messages_change(messages=[text_item("wamid.L", context={"id": LONG})]),
        {
            "field": "message_template_status_update",
            "value": {"message_template_name": LONG, "message_template_language": "en", "event": "APPROVED"},
        },
        messages_change(statuses=[status_item(LONG, biz_opaque_callback_data="ours")]),
        messages_change(statuses=[status_item(LONG)]),
    ],
)
def test_an_id_that_no_index_can_hold_keeps_no_stop_waiting(log, change):
    id_ = put(log, "queued")
    for status in change["value"].get("statuses", ()):
        if status.get("biz_opaque_callback_data"):
            status["biz_opaque_callback_data"] = str(id_)
    hear(log, envelope(change), envelope(messages_change(messages=[text_item("wamid.STOP")])))

    assert log.execute("SELECT FROM webhook_event WHERE applied_at IS NULL").fetchall() == []
    assert log.execute("SELECT FROM partner_preference WHERE value = 'stop'").fetchall() != []
    assert row(log, id_)["status"] == "queued"


@pytest.fixture
def refuse(log):
    """Lets PostgreSQL refuse a row of Meta's id `wamid.HIT`, with any code."""
    yield lambda code: log.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;"
        " CREATE TRIGGER refuse BEFORE INSERT ON answer FOR EACH ROW WHEN (NEW.wamid = 'wamid.HIT')"
        " EXECUTE FUNCTION refuse();"
        " CREATE TRIGGER refuse BEFORE UPDATE ON message_log FOR EACH ROW WHEN (NEW.meta_message_id = 'wamid.HIT')"
        " EXECUTE FUNCTION refuse()"
    )
    log.execute("DROP FUNCTION IF EXISTS refuse CASCADE")


OF_HIT = [
    messages_change(messages=[text_item("wamid.HIT")]),
    messages_change(statuses=[status_item("wamid.HIT", "read")]),
]


@pytest.mark.parametrize("change", OF_HIT)
def test_what_postgresql_refuses_of_one_item_is_its_own_fault_whatever_the_driver_calls_it(log, refuse, change):
    put(log, "sent", meta_message_id="wamid.HIT")
    good = put(log, "sent", "R2", meta_message_id="wamid.A")
    refuse("54000")
    hear(log, envelope(change, messages_change(statuses=[status_item(status="read")])))

    assert row(log, good)["status"] == "read"
    assert len(errors(log)) == 1


@pytest.mark.parametrize("change", OF_HIT)
def test_what_another_try_may_mend_is_tried_again(log, refuse, change):
    put(log, "sent", meta_message_id="wamid.HIT")
    refuse("40P01")
    with pytest.raises(psycopg.errors.DeadlockDetected):
        hear(log, envelope(change))

    assert len(log.execute("SELECT FROM webhook_event WHERE applied_at IS NULL").fetchall()) == 1


def test_of_a_body_full_of_nothing_few_errors_are_kept_and_how_many_more_there_were(log):
    put(log, "sent", meta_message_id="wamid.A", sender="in")
    ours = status_item(biz_opaque_callback_data=str(uuid.uuid4()))
    hear(log, encoded({"object": "whatsapp_business_account", "entry": [{}] * 2_500}), of_statuses(*[ours] * 2_500))

    found = [event["errors"] for event in log.execute("SELECT errors FROM webhook_event ORDER BY id")]
    assert [len(of) for of in found] == [MAX_ERRORS, MAX_ERRORS]
    assert [sum(error.get("items", 1) for error in of) for of in found] == [2_500, 2_500]


def test_words_of_a_partner_are_kept_also_where_the_settings_are_of_a_later_version(log, caplog):
    stop = envelope(messages_change(messages=[text_item("wamid.stop", "STOP")]))
    listen_with(log, parse_settings({"stop_words": ["bas"]}), TICK)
    log.execute("""UPDATE listening SET settings = settings || '{"a_setting_of_later": 1}'""")
    hear(log, envelope(messages_change(messages=[text_item("wamid.1", "bas")])))
    assert "default settings" not in caplog.text

    log.execute("""UPDATE listening SET settings = '{"stop_words": {"hi": ["bas"]}}'""")
    hear(log, stop)

    found = log.execute("SELECT wamid, intent FROM answer ORDER BY wamid").fetchall()
    assert [(one["wamid"], one["intent"]) for one in found] == [("wamid.1", "stop"), ("wamid.stop", "stop")]
    assert "Answers are taken with the default settings" in caplog.text
