"""What a partner sends, in the forms in which Meta reports it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from sandbox.graph_api.inbound import INBOUND_KINDS
from support.webhook_receiver import wamid_of

PARTNER = "+919812345678"
OURS = "wamid.OURS"


@pytest.fixture
def said(api, india, ours):
    """Lets a partner write to the Indian number; returns the webhook's value."""
    api.subscribe(ours.url)

    def write(text="Hello", **more):
        api.answer(india.phone_number_id, PARTNER, text, **more)
        api.sent_webhooks()
        return ours.values()[-1]

    return write


def test_a_text_says_who_when_and_to_which_number(api, india, said):
    value = said("कल तक", name="राजेश", at=datetime(2026, 12, 1, tzinfo=UTC))
    (contact,), (message,) = value["contacts"], value["messages"]
    assert contact == {"profile": {"name": "राजेश"}, "wa_id": "919812345678", "user_id": contact["user_id"]}
    assert value["metadata"]["phone_number_id"] == india.phone_number_id
    assert b"919812345678" in base64.b64decode(message.pop("id").removeprefix("wamid."))
    assert message == {
        "from": "919812345678",
        "from_user_id": contact["user_id"],
        "timestamp": "1796083200",
        "type": "text",
        "text": {"body": "कल तक"},
    }


@pytest.mark.parametrize(
    ("kind", "order", "content"),
    [
        ("text", {"text": "ok"}, {"body": "ok"}),
        ("button", {"text": "Need help", "payload": "help:7"}, {"payload": "help:7", "text": "Need help"}),
        ("button", {"text": "Need help"}, {"payload": "Need help", "text": "Need help"}),
        (
            "interactive",
            {"text": "Tomorrow", "payload": "day:1"},
            {"type": "button_reply", "button_reply": {"id": "day:1", "title": "Tomorrow"}},
        ),
        ("reaction", {"text": "👍", "about": OURS}, {"message_id": OURS, "emoji": "👍"}),
        ("reaction", {"text": "", "about": OURS}, {"message_id": OURS}),
        ("revoke", {"text": "", "about": OURS}, {"original_message_id": OURS}),
        (
            "edit",
            {"text": "STOP", "about": OURS},
            {"original_message_id": OURS, "message": {"type": "text", "text": {"body": "STOP"}}},
        ),
        ("unsupported", {"text": ""}, {"type": "unknown"}),
    ],
)
def test_each_kind_has_metas_form(said, kind, order, content):
    (message,) = said(kind=kind, **order)["messages"]
    assert (message["type"], message[kind]) == (kind, content)
    assert ("errors" in message) is (kind == "unsupported")


@pytest.mark.parametrize(
    ("kind", "captioned"), [("image", True), ("video", True), ("document", True), ("audio", False)]
)
def test_media_come_with_their_caption_and_never_with_bytes(said, kind, captioned):
    (message,) = said("STOP", kind=kind)["messages"]
    media = message[kind]
    assert {"id", "mime_type", "sha256", "url"} <= set(media)
    assert media.get("caption") == ("STOP" if captioned else None)
    assert len(base64.b64decode(media["sha256"])) == 32


@pytest.mark.parametrize("context", [OURS, None])
def test_an_answer_may_say_what_it_answers(said, india, context):
    (message,) = said(context=context)["messages"]
    expected = None if context is None else {"from": india.display_phone_number[1:], "id": OURS}
    assert message.get("context") == expected


def test_of_a_partner_with_a_username_only_the_user_id_is_told(said):
    value = said(hides_number=True, context=OURS, user_id="IN.ABC123")
    (contact,), (message,) = value["contacts"], value["messages"]
    assert (contact["user_id"], message["from_user_id"]) == ("IN.ABC123", "IN.ABC123")
    assert "wa_id" not in contact
    assert "from" not in message
    assert message["context"]["id"] == OURS


def test_the_same_partner_has_the_same_user_id_in_statuses(api, ours, said, send_template):
    user_id = said()["contacts"][0]["user_id"]
    api.move_message(wamid_of(send_template()), "delivered")
    api.sent_webhooks()
    assert {status["recipient_user_id"] for status in ours.statuses()} == {user_id}


@pytest.mark.parametrize("kind", sorted(INBOUND_KINDS))
def test_whatever_a_partner_sends_opens_their_window(api, said, send, kind):
    said(kind=kind, about=OURS)
    send(type="text", text={"body": "Thank you"})
    assert api.outbox()[0]["error"] is None


def test_an_answer_returns_its_id(api, india, ours):
    api.subscribe(ours.url)
    answered = api.answer(india.phone_number_id, PARTNER, "Hello")
    api.sent_webhooks()
    assert ours.messages()[0]["id"] == answered["id"]


def test_an_unknown_kind_is_refused(api, india):
    with pytest.raises(ValueError, match="422"):
        api.answer(india.phone_number_id, PARTNER, "Hello", kind="telepathy")


# Buttons: of templates, and of free-form messages

BODY = {"type": "BODY", "text": "Your order is waiting for you."}
REPLIES = {
    "type": "BUTTONS",
    "buttons": [{"type": "QUICK_REPLY", "text": "Need help"}, {"type": "QUICK_REPLY", "text": "Remind me later"}],
}


def reply(index, payload, **changed):
    parameters = [{"type": "payload", "payload": payload}]
    return {"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": parameters, **changed}


@pytest.fixture
def replying(create):
    """The name of an approved template with two quick replies."""
    assert create(name="replying", components=[BODY, REPLIES]).status_code == 200
    return "replying"


@pytest.mark.parametrize(
    ("components", "payloads"),
    [
        ([], ["Need help", "Remind me later"]),
        ([reply(0, "help:7"), reply(1, "later:7")], ["help:7", "later:7"]),
        ([reply(1, "l")], ["Need help", "l"]),
        ([reply(0, "x" * 128)], ["x" * 128, "Remind me later"]),
        ([reply(0, "मदद:7")], ["मदद:7", "Remind me later"]),
    ],
)
def test_a_tap_returns_the_payload_and_says_which_message_it_was(
    api, ours, replying, send_template, components, payloads
):
    api.subscribe(ours.url, fields=["messages"])
    api.pause_webhooks()
    wamid = wamid_of(send_template(name=replying, components=components))
    for number in range(2):
        api.tap(wamid, number)
    api.release_webhooks()
    api.sent_webhooks()
    taps = ours.messages()
    assert [tap["button"]["payload"] for tap in taps] == payloads
    assert [tap["button"]["text"] for tap in taps] == ["Need help", "Remind me later"]
    assert {(tap["type"], tap["context"]["id"]) for tap in taps} == {("button", wamid)}


def test_a_tap_may_not_say_which_message_it_was(api, ours, replying, send_template):
    api.subscribe(ours.url, fields=["messages"])
    wamid = wamid_of(send_template(name=replying, components=[]))
    api.tap(wamid, context=None)
    api.sent_webhooks()
    assert "context" not in ours.messages()[0]


@pytest.mark.parametrize(
    "component",
    [
        reply(0, ""),
        reply(0, "x" * 129),
        reply(0, None),
        reply(0, 7),
        reply(0, "a", parameters=[]),
        reply(0, "a", parameters=[{"type": "text", "text": "a"}]),
        reply(0, "a", sub_type="url"),
        reply(2, "a"),
    ],
)
def test_a_quick_reply_that_the_template_does_not_have_so_is_refused(replying, send_template, component):
    error = send_template(name=replying, components=[component]).json()["error"]
    assert error["code"] == 132018


def interactive(**changed):
    buttons = [
        {"type": "reply", "reply": {"id": f"day:{number}", "title": f"In {number} days"}} for number in (1, 2, 4)
    ]
    whole = {"type": "button", "body": {"text": "When shall we ask again?"}, "action": {"buttons": buttons}, **changed}
    return {key: value for key, value in whole.items() if value is not None}


def with_button(**reply_fields):
    fields = {"id": "a", "title": "A", **reply_fields}
    return interactive(
        action={
            "buttons": [{"type": "reply", "reply": {key: value for key, value in fields.items() if value is not None}}]
        }
    )


def test_reply_buttons_are_sent_in_the_window_and_tapped(api, india, ours, send):
    api.open_window(india.phone_number_id, PARTNER)
    api.subscribe(ours.url, fields=["messages"])
    api.set_webhooks(status_delays={"sent": None, "delivered": None, "read": None})
    header = {"type": "text", "text": "Run 7"}
    answer = send(type="interactive", interactive=interactive(header=header, footer={"text": "JYT"}))
    assert answer.status_code == 200, answer.text
    (message,) = api.outbox()
    assert (message["type"], message["text"], message["header"]) == ("interactive", "When shall we ask again?", header)
    assert [button["text"] for button in message["buttons"]] == ["In 1 days", "In 2 days", "In 4 days"]
    api.tap(message["id"], 2)
    api.sent_webhooks()
    (tap,) = ours.messages()
    assert tap["interactive"] == {"type": "button_reply", "button_reply": {"id": "day:4", "title": "In 4 days"}}
    assert (tap["type"], tap["context"]["id"]) == ("interactive", message["id"])


def test_reply_buttons_outside_the_window_are_taken_and_fail(api, ours, send):
    api.freeze_clock()
    api.subscribe(ours.url)
    assert send(type="interactive", interactive=interactive()).status_code == 200
    api.sent_webhooks()
    assert [(one["status"], one["errors"][0]["code"]) for one in ours.statuses()] == [("failed", 131047)]


@pytest.mark.parametrize(
    "good",
    [
        with_button(title="x" * 20),
        with_button(title="👍 हाँ"),
        with_button(id="x" * 256),
        interactive(body={"text": "x" * 1024}),
        interactive(footer={"text": "x" * 60}),
        interactive(header={"type": "image", "image": {"link": "https://cdn.example.com/a.jpg"}}),
    ],
)
def test_reply_buttons_may_be_as_long_as_meta_allows(send, good):
    assert send(type="interactive", interactive=good).status_code == 200


@pytest.mark.parametrize(
    ("bad", "code", "details"),
    [
        (with_button(title="x" * 21), 131009, "Button title length invalid. Min length: 1, Max length: 20"),
        (with_button(title=""), 131009, "Button title length invalid. Min length: 1, Max length: 20"),
        (with_button(title=None), 131008, "Button title is required"),
        (with_button(id="x" * 257), 131009, "Button id length invalid"),
        (with_button(id=" a"), 131009, "spaces"),
        (interactive(action={"buttons": []}), 131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed"),
        (
            interactive(action={"buttons": interactive()["action"]["buttons"] + with_button()["action"]["buttons"]}),
            131009,
            "count",
        ),
        (interactive(action={"buttons": with_button()["action"]["buttons"] * 2}), 131009, "unique"),
        (interactive(action=None), 100, None),
        (interactive(action={"buttons": [{"type": "url"}]}), 100, None),
        (interactive(action={"buttons": ["x"]}), 100, None),
        (interactive(action={"buttons": [], "colour": "red"}), 100, None),
        (interactive(body=None), 100, None),
        (interactive(body={"text": ""}), 131009, "Body text length invalid"),
        (interactive(body={"text": "x" * 1025}), 131009, "Body text length invalid"),
        (interactive(footer={"text": "x" * 61}), 131009, "Footer length invalid"),
        (interactive(header={"type": "text", "text": "x" * 61}), 131009, "Header text length invalid"),
        (interactive(header={"type": "video"}), 100, None),
        (interactive(type="list"), 131051, None),
        (interactive(type="carrier_pigeon"), 100, None),
        ("x", 100, None),
        (None, 100, None),
    ],
)
def test_reply_buttons_that_meta_would_not_take_are_refused(api, send, bad, code, details):
    error = send(type="interactive", interactive=bad).json()["error"]
    assert error["code"] == code
    assert details is None or details in error["error_data"]["details"]
    assert api.outbox() == []
