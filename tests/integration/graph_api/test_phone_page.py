"""The page that shows each message the way a phone would."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from sandbox.graph_api.page import marked_up
from support.webhook_receiver import receiver, wamid_of


@pytest.fixture
def page(api, client):
    def ask(path="/", **query):
        answer = client.get(f"{api.url}{path}", params=query)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer.text

    return ask


def test_an_empty_page_says_so(page):
    assert "No message yet" in page()
    assert "No message yet" in page("/_sandbox/phone")


def test_a_message_is_shown_with_its_bold_words_in_its_language(page, send_template):
    send_template("राजेश", "कुर्ता", "prun_7", "2", language="hi")
    html = page()
    assert "नमस्ते राजेश, याद दिला रहे हैं" in html
    assert "<strong>प्रतीक्षा अवधि:</strong> 2 दिन" in html
    assert 'lang="hi"' in html
    assert "JYT India" in html
    assert "+91 98123 45678" in html


def test_what_a_name_contains_is_shown_and_not_run(page, send_template):
    send_template("<script>alert(1)</script>", "b", "c", "2")
    assert "<script" not in page()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page()


def test_chats_are_grouped_by_recipient(page, send_template):
    for to in ("+919812345678", "+919900112233", "+919812345678"):
        send_template(to=to)
    assert page().count('<section class="phone">') == 2
    assert page(to="+919900112233").count("<article") == 1


def test_a_failed_message_says_why(page, send):
    send(type="text", text={"body": "Hi"})
    assert "Not delivered · 131047 Re-engagement message" in page()


def test_what_a_partner_wrote_is_in_the_chat(api, india, page):
    api.open_window(india.phone_number_id, "+919812345678", "कल तक हो जाएगा")
    html = page()
    assert "कल तक हो जाएगा" in html
    assert "bubble mine" in html


def test_the_page_can_be_narrowed_to_a_sender(api, india, page, send_template):
    send_template()
    assert page(phone_number_id=india.phone_number_id).count("<article") == 1
    assert "No message yet" in page(phone_number_id=api.accounts["AU"].phone_number_id)


def test_times_are_those_of_the_recipient(api, page, send_template):
    instant = api.now().replace(hour=20, minute=0, second=0, microsecond=0)
    api.set_clock(instant)
    api.freeze_clock()
    send_template()
    assert ">01:30 <" in page(), "20:00 by Greenwich is half past one in India"


def test_the_page_asks_for_nothing_elsewhere(api, india, client, page, send):
    api.open_window(india.phone_number_id, "+919812345678")
    send(type="image", image={"link": "https://cdn.example.com/kurta.jpg"})
    html = page()
    assert "https://cdn.example.com/kurta.jpg" in html, "named, not loaded"
    assert not re.search(r"<(img|script|iframe)\b|<link [^>]*href=\"(?!data:)|@import|url\((?!\"data:|#)", html)
    policy = client.get(api.url).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* and _slanted_ and ~struck~", "<strong>bold</strong> and <em>slanted</em> and <del>struck</del>"),
        ("prod_run_01 and 2*3*4", "prod_run_01 and 2*3*4"),
        ("* not bold *", "* not bold *"),
        ("```a_b_c```", "<code>a_b_c</code>"),
        ("one\ntwo & <three>", "one<br>two &amp; &lt;three&gt;"),
        ("see https://a.example.com/x", 'see <span class="link">https://a.example.com/x</span>'),
    ],
)
def test_marks_become_what_whatsapp_makes_of_them(text, html):
    assert marked_up(text) == html


# Answering as the partner


@pytest.fixture
def press(api, client):
    """Sends one of the page's forms."""

    def ask(**form):
        return client.post(f"{api.url}/_sandbox/answer", data=form)

    return ask


def forms(html):
    """The forms of a page: the fields each would send."""
    found = []
    for form in re.findall(r'<form[^>]*action="/_sandbox/answer">(.*?)</form>', html, re.DOTALL):
        fields = re.findall(r'<(?:input|button)[^>]* name="(\w+)"(?: value="([^"]*)")?', form)
        found.append({name: unescape(value) for name, value in fields})
    return found


def test_a_person_can_write_as_the_partner(api, india, page, press, send_template):
    wamid = wamid_of(send_template())
    (form,) = forms(page())
    with receiver() as ours:
        api.subscribe(ours.url, fields=["messages"])
        back = press(**{**form, "text": " कल तक हो जाएगा ", "context": wamid})
        api.sent_webhooks()  # Two that are under way at once may come in any order.
        del form["context"]
        press(**{**form, "text": "सच में"})
        api.sent_webhooks()
        assert [message["text"]["body"] for message in ours.messages()] == ["कल तक हो जाएगा", "सच में"]
        assert [message.get("context", {}).get("id") for message in ours.messages()] == [wamid, None]
    assert back.status_code == 303
    anchor = back.headers["location"].partition("#")[2]
    html = page()
    assert f'id="{anchor}"' in html
    assert "कल तक हो जाएगा" in html
    assert html.count('<div class="quoted">') == 1


def test_a_person_can_tap_a_button(api, page, press, create, send_template):
    replies = [{"type": "QUICK_REPLY", "text": "Need help"}, {"type": "QUICK_REPLY", "text": "Remind me later"}]
    body = {"type": "BODY", "text": "Your order is waiting for you."}
    create(name="replying", components=[body, {"type": "BUTTONS", "buttons": replies}])
    payload = {"type": "payload", "payload": "later:7"}
    component = {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [payload]}
    wamid = wamid_of(send_template(name="replying", components=[component]))
    _, second, _ = forms(page())
    with receiver() as ours:
        api.subscribe(ours.url, fields=["messages"])
        assert press(**second).status_code == 303
        api.sent_webhooks()
        (tap,) = ours.messages()
    assert (tap["button"], tap["context"]["id"]) == ({"payload": "later:7", "text": "Remind me later"}, wamid)


def test_reply_buttons_of_a_free_form_message_can_be_tapped(api, india, page, press, send):
    api.open_window(india.phone_number_id, "+919812345678")
    buttons = [{"type": "reply", "reply": {"id": "day:1", "title": "Tomorrow"}}]
    asked = {"type": "button", "body": {"text": "When?"}, "action": {"buttons": buttons}}
    send(type="interactive", interactive=asked)
    tap, _ = forms(page())
    with receiver() as ours:
        api.subscribe(ours.url, fields=["messages"])
        press(**tap)
        api.sent_webhooks()
        assert ours.messages()[0]["interactive"]["button_reply"] == {"id": "day:1", "title": "Tomorrow"}


def test_an_answer_opens_the_window(api, page, press, send):
    send(type="text", text={"body": "Hi"})
    (form,) = forms(page())
    del form["context"]
    press(**{**form, "text": "Hello"})
    send(type="text", text={"body": "Hi"})
    assert [message["status"] for message in api.outbox()] == ["failed", "sent"]


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_answer_is_none(page, press, send_template, text):
    send_template()
    (form,) = forms(page())
    assert press(**{**form, "text": text}).status_code == 303
    assert "bubble mine" not in page()


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone_number_id": "999"},
        {"to": "nobody"},
        {"to": "+919900112233"},
        {"button": "0"},
        {"button": "x"},
        {"button": "²"},
        {"context": "wamid.nobody", "button": "0"},
    ],
)
def test_an_answer_to_nothing_is_refused(page, press, send_template, wrong):
    send_template()
    (form,) = forms(page())
    assert press(**{**form, "text": "Hello", **wrong}).status_code == 404
    assert "bubble mine" not in page()


def test_another_page_cannot_answer(api, client, page, send_template):
    send_template()
    (form,) = forms(page())
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert (
        client.post(f"{api.url}/_sandbox/answer", data={**form, "text": "Hello"}, headers=elsewhere).status_code == 403
    )
    assert "bubble mine" not in page()


def test_after_an_answer_the_page_is_the_one_it_was(india, page, press, send_template):
    send_template()
    html = page(phone_number_id=india.phone_number_id, to="+919812345678", watch="1")
    assert '<meta http-equiv="refresh" content="3">' in html
    (form,) = forms(html)
    location = press(**{**form, "text": "Hello"}).headers["location"]
    assert dict(httpx.URL(location).params) == {
        "phone_number_id": india.phone_number_id,
        "to": "+919812345678",
        "watch": "1",
    }
    assert press(**{**form, "text": "Hello", "back": "//evil.example.com"}).headers["location"].startswith("/?#")


@pytest.mark.parametrize(
    ("status", "ticks"),
    [("sent", "ticks sent"), ("delivered", "ticks delivered"), ("read", "ticks read"), ("played", "ticks played")],
)
def test_a_message_has_the_ticks_of_its_status(api, page, send_template, status, ticks):
    wamid = wamid_of(send_template())
    api.move_message(wamid, status)
    html = page()
    assert f'class="{ticks}"' in html
    second_tick = "M7.5 8.6"
    assert (second_tick in html) is (status != "sent")
