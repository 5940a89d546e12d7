"""What webhooks tell of messages: their bytes, statuses, prices, and what Meta may leave out."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.graph_api.accounts import SANDBOX_APP_SECRET
from sandbox.graph_api.webhook_body import encode, signature
from support.webhook_receiver import NOON, told, wamid_of

PARTNER = "+919812345678"


def test_the_body_has_metas_escapes_and_the_signature_is_over_its_bytes(heard, india, ours):
    text = "कल तक 👍 50% <b> a@b.in https://x.in/y"
    heard.answer(india.phone_number_id, PARTNER, text)
    (webhook,) = heard.sent_webhooks()
    (body,) = ours.bodies
    assert body.decode() == webhook["body"]
    assert rb"\u0915\u0932 \u0924\u0915 \ud83d\udc4d 50\u0025 \u003cb> a\u0040b.in https:\/\/x.in\/y" in body
    assert ours.messages()[0]["text"]["body"] == text, "read, it is the same"
    assert ours.signed_with(SANDBOX_APP_SECRET) == [True]
    assert ours.headers[0]["content-type"] == "application/json"
    read_and_written = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert signature(SANDBOX_APP_SECRET, read_and_written) != webhook["signature"], "so raw bytes have to be looked at"


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=4))
def test_whatever_is_escaped_is_read_back_the_same(content):
    body = encode(content)
    assert body.isascii()
    assert not set(b"<%@") & set(body)
    assert json.loads(body) == content


def test_a_message_is_sent_delivered_and_read_when_its_time_has_come(heard, send_template, ours):
    wamid = wamid_of(send_template(biz_opaque_callback_data="row-1"))
    heard.sent_webhooks()
    assert told(ours) == []
    for status in ("sent", "delivered", "read"):
        heard.shift_clock(1)
        heard.sent_webhooks()
        assert told(ours)[-1] == status
        assert heard.outbox()[0]["status"] == status
    assert {one["id"] for one in ours.statuses()} == {wamid}
    assert {one["biz_opaque_callback_data"] for one in ours.statuses()} == {"row-1"}
    times = [int(one["timestamp"]) - int(NOON.timestamp()) for one in ours.statuses()]
    assert times == [1, 2, 3]


def test_a_status_tells_whom_it_reached_and_what_it_costs(heard, india, send_template, ours):
    heard.set_webhooks(leave_out=[])
    send_template()
    heard.shift_clock(1)
    heard.sent_webhooks()
    (value,) = ours.values()
    user_id = value["contacts"][0]["user_id"]
    assert user_id.startswith("IN.")
    assert value["contacts"] == [{"wa_id": "919812345678", "user_id": user_id}], "without a profile"
    assert value["metadata"] == {
        "display_phone_number": india.display_phone_number[1:],
        "phone_number_id": india.phone_number_id,
    }
    (status,) = value["statuses"]
    assert (status["recipient_id"], status["recipient_user_id"]) == ("919812345678", user_id)
    assert status["pricing"] == {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    assert status["conversation"]["origin"] == {"type": "utility"}
    assert status["conversation"]["expiration_timestamp"].isdigit()
    (entry,) = ours.contents[0]["entry"]
    assert (ours.contents[0]["object"], entry["id"]) == ("whatsapp_business_account", india.waba_id)


@pytest.mark.parametrize(
    ("moves", "priced"),
    [
        (["sent", "delivered", "read"], [True, True, False]),
        (["sent", "read", "delivered"], [True, True, False]),
        (["sent", "failed"], [True, False]),
    ],
)
def test_the_price_comes_with_sent_and_with_the_first_sign_of_arrival(heard, send_template, ours, moves, priced):
    wamid = wamid_of(send_template())
    for status in moves:
        heard.move_message(wamid, status)
        heard.sent_webhooks()
    assert ["pricing" in one for one in ours.statuses()] == priced


def test_a_free_form_message_is_priced_as_service(heard, india, send, ours):
    heard.open_window(india.phone_number_id, PARTNER)
    send(type="text", text={"body": "Hi"})
    heard.shift_clock(1)
    heard.sent_webhooks()
    assert ours.statuses()[0]["pricing"]["category"] == "service"


@pytest.mark.parametrize(
    "name", ["contacts", "recipient_id", "recipient_user_id", "pricing", "biz_opaque_callback_data"]
)
def test_what_meta_may_leave_out_can_be_left_out(heard, send_template, ours, name):
    for leave_out in ([], [name]):
        heard.set_webhooks(leave_out=leave_out)
        wamid = wamid_of(send_template(biz_opaque_callback_data="row-1"))
        heard.move_message(wamid, "sent")
        heard.sent_webhooks()  # Two that are under way at once arrive in whatever order.
    there = [name in value or name in value["statuses"][0] for value in ours.values()]
    assert there == [True, False]


def test_the_type_of_a_price_can_be_left_out_and_no_other_type(heard, india, send_template, ours):
    heard.set_webhooks(leave_out=["type", "profile"])
    heard.move_message(wamid_of(send_template()), "sent")
    heard.sent_webhooks()
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    assert "type" not in ours.statuses()[0]["pricing"]
    assert ours.messages()[0]["type"] == "text"
    assert "profile" not in ours.values()[1]["contacts"][0]


def test_what_meta_never_leaves_out_cannot_be_left_out(heard):
    for name in ("id", "status", "timestamp", "colour"):
        with pytest.raises(ValueError, match="422"):
            heard.set_webhooks(leave_out=[name])


@pytest.mark.parametrize(
    ("code", "title"),
    [(131049, "This message was not delivered to maintain healthy"), (131026, "Message undeliverable")],
)
def test_a_failure_says_why_and_not_whom_it_did_not_reach(heard, send_template, ours, code, title):
    heard.move_message(wamid_of(send_template()), "failed", code)
    heard.sent_webhooks()
    (value,) = ours.values()
    (status,) = value["statuses"]
    (error,) = status["errors"]
    assert (status["status"], error["code"]) == ("failed", code)
    assert error["title"].startswith(title)
    assert set(error) == {"code", "title", "message", "error_data", "href"}
    assert "contacts" not in value
    assert "recipient_user_id" not in status
    assert status["recipient_id"] == "919812345678"


def test_what_fails_late_is_told_as_failed_alone(heard, send, ours):
    """Outside the 24 hours Meta takes a free-form message and lets it fail."""
    assert send(type="text", text={"body": "Hi"}).status_code == 200
    heard.shift_clock(10)
    heard.sent_webhooks()
    assert [(one["status"], one["errors"][0]["code"]) for one in ours.statuses()] == [("failed", 131047)]


def test_a_marked_recipients_message_fails_late_for_the_ordered_reason(heard, send_template, ours):
    heard.mark_recipient(PARTNER, 131050, late=True)
    send_template()
    heard.shift_clock(10)
    heard.sent_webhooks()
    assert ours.statuses()[0]["errors"][0]["code"] == 131050


def test_a_held_message_goes_nowhere_until_somebody_says_so(heard, send_template, ours):
    heard.hold_next("held_for_quality_assessment")
    wamid = wamid_of(send_template())
    heard.shift_clock(3_600)
    heard.sent_webhooks()
    assert told(ours) == []
    heard.move_message(wamid, "failed", 132015)
    heard.sent_webhooks()
    assert told(ours) == ["failed"]


def test_statuses_come_in_any_order_and_with_any_time_to_order(heard, send_template, ours):
    wamid = wamid_of(send_template())
    for status, minutes in (("read", 3), ("failed", 2), ("sent", 1), ("played", 4), ("read", 3)):
        heard.move_message(wamid, status, at=NOON + timedelta(minutes=minutes))
        heard.sent_webhooks()
    assert told(ours) == ["read", "failed", "sent", "played", "read"]
    assert [int(one["timestamp"]) - int(NOON.timestamp()) for one in ours.statuses()] == [180, 120, 60, 240, 180]


def test_a_status_that_does_not_happen_by_itself_never_does(heard, send_template, ours):
    heard.set_webhooks(status_delays={"sent": 0, "delivered": None, "read": None})
    send_template()
    heard.shift_clock(86_400)
    heard.sent_webhooks()
    assert told(ours) == ["sent"]


def test_where_nobody_listens_a_message_is_sent_and_stays_so(api, send_template):
    send_template()
    api.shift_clock(86_400)
    assert api.sent_webhooks() == []
    assert api.outbox()[0]["status"] == "sent"


def test_where_somebody_listens_it_is_quick(api, send_template, ours):
    api.freeze_clock()
    api.subscribe(ours.url)
    send_template()
    api.shift_clock(60)
    api.sent_webhooks()
    assert sorted(told(ours)) == ["delivered", "read", "sent"]


def test_a_webhook_can_come_before_the_answer_to_the_request(heard, send_template, ours):
    heard.hang_next(taken=True)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(send_template, biz_opaque_callback_data="row-1")
        heard.wait_for_hanging()
        heard.shift_clock(1)
        heard.sent_webhooks()
        assert [one["biz_opaque_callback_data"] for one in ours.statuses()] == ["row-1"]
        assert not answer.done()
        heard.release()
        assert wamid_of(answer.result()) == ours.statuses()[0]["id"]


def test_a_webhook_comes_for_a_message_whose_answer_was_lost(heard, send_template, ours):
    heard.drop_next(taken=True)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        send_template(biz_opaque_callback_data="row-1")
    heard.shift_clock(1)
    heard.sent_webhooks()
    assert [one["biz_opaque_callback_data"] for one in ours.statuses()] == ["row-1"]


def test_a_message_that_was_refused_has_no_status(heard, send_template, ours):
    send_template(name="no_such_template")
    heard.shift_clock(60)
    assert heard.sent_webhooks() == []
