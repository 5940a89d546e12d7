"""What comes back for a good message, and what stands in the outbox."""

from __future__ import annotations

import base64

import pytest

from support.webhook_receiver import wamid_of


def test_a_template_message_is_accepted_with_an_id_that_contains_the_number(send_template):
    answer = send_template()
    assert answer.status_code == 200
    body = answer.json()
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": "+919812345678", "wa_id": "919812345678"}]
    assert body["messages"][0]["message_status"] == "accepted"
    prefix, packed = body["messages"][0]["id"].split(".")
    assert prefix == "wamid"
    assert b"919812345678" in base64.b64decode(packed)


def test_two_messages_have_different_ids(send_template):
    first, second = (wamid_of(send_template()) for _ in range(2))
    assert first != second


def test_the_answer_says_which_version_served_it(send_template):
    assert send_template().headers["facebook-api-version"] == "v25.0"


def test_the_outbox_shows_what_the_partner_reads(api, india, send_template):
    answer = send_template(
        "राजेश",
        "कुर्ता",
        "prun_7",
        "120",
        "250",
        name="jyt_production_run_reminder_idle_v1",
        language="hi",
        biz_opaque_callback_data="row-1",
    )
    (message,) = api.outbox()
    assert message["id"] == wamid_of(answer)
    assert message["phone_number_id"] == india.phone_number_id
    assert message["to"] == "+919812345678"
    assert (message["template_name"], message["language"]) == ("jyt_production_run_reminder_idle_v1", "hi")
    assert message["parameters"]["body"] == ["राजेश", "कुर्ता", "prun_7", "120", "250"]
    assert "*प्रगति:* 250 में से 120 पीस पूरे" in message["text"]
    assert message["biz_opaque_callback_data"] == "row-1"
    assert (message["status"], message["error"]) == ("sent", None)


def test_the_outbox_can_be_narrowed(api, send_template):
    send_template(biz_opaque_callback_data="row-1")
    send_template(to="+919900112233", biz_opaque_callback_data="row-2")
    assert [message["to"] for message in api.outbox(biz_opaque_callback_data="row-2")] == ["+919900112233"]
    assert len(api.outbox(to="+919812345678")) == 1
    assert api.outbox(status="failed") == []


def test_callback_data_is_kept_up_to_512_characters(api, send_template):
    assert send_template(biz_opaque_callback_data="x" * 512).status_code == 200
    refused = send_template(biz_opaque_callback_data="x" * 513)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)
    assert len(api.outbox()) == 1


@pytest.mark.parametrize("content", [{"type": "text", "text": {"body": "Hi"}}, {"text": {"body": "Hi"}}])
def test_a_free_form_text_reaches_a_partner_who_wrote_within_24_hours(api, india, send, content):
    api.open_window(india.phone_number_id, "+919812345678")
    assert "message_status" not in send(**content).json()["messages"][0]
    assert api.outbox()[0]["status"] == "sent"


def test_a_free_form_picture_carries_its_caption(api, india, send):
    api.open_window(india.phone_number_id, "+919812345678")
    send(type="image", image={"link": "https://cdn.example.com/a.jpg", "caption": "Kurta — Run 7"})
    (message,) = api.outbox()
    assert message["header"] == {"type": "image", "link": "https://cdn.example.com/a.jpg"}
    assert message["text"] == "Kurta — Run 7"
    assert message["status"] == "sent"


def test_a_free_form_message_outside_the_window_is_accepted_and_then_fails(api, send):
    answer = send(type="text", text={"body": "Hi"})
    assert answer.status_code == 200
    assert wamid_of(answer).startswith("wamid.")
    (message,) = api.outbox()
    assert (message["status"], message["error"]["code"]) == ("failed", 131047)


def test_the_window_closes_after_24_hours(api, india, send):
    api.freeze_clock()
    api.open_window(india.phone_number_id, "+919812345678")
    for seconds in (24 * 3600 - 1, 1):
        api.shift_clock(seconds)
        send(type="text", text={"body": "Hi"})
    assert [message["status"] for message in api.outbox()] == ["sent", "failed"]


def test_the_window_is_one_between_two_numbers(api, send):
    api.open_window(api.accounts["AU"].phone_number_id, "+919812345678")
    send(type="text", text={"body": "Hi"})
    assert api.outbox()[0]["error"]["code"] == 131047


def test_our_own_message_does_not_open_the_window(api, send, send_template):
    send_template()
    send(type="text", text={"body": "Hi"})
    assert api.outbox()[1]["status"] == "failed"


def test_a_window_can_be_closed(api, india, send):
    api.open_window(india.phone_number_id, "+919812345678")
    api.close_window(india.phone_number_id, "+919812345678")
    send(type="text", text={"body": "Hi"})
    assert api.outbox()[0]["status"] == "failed"


def test_a_message_can_be_delivered_read_and_lost(api, send_template):
    message_id = wamid_of(send_template())
    for status in ("delivered", "read"):
        api.move_message(message_id, status)
        assert api.outbox()[0]["status"] == status
    api.move_message(message_id, "failed", code=131049)
    assert api.outbox()[0]["error"]["code"] == 131049


def test_reset_forgets_everything(api, send_template):
    send_template()
    api.kill_token(api.accounts["IN"].token)
    api.reset()
    assert api.outbox() == []
    assert api.requests()["total"] == 0
    assert send_template().status_code == 200
