"""The page that shows each message the way a phone would."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.page import marked_up
from sandbox.graph_api.server import LocalGraphApi

Ask = Callable[..., httpx.Response]


@pytest.fixture
def page(api: LocalGraphApi, client: httpx.Client) -> Callable[..., str]:
    def ask(path: str = "/", **query: str) -> str:
        answer = client.get(f"{api.url}{path}", params=query)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer.text

    return ask


def test_an_empty_page_says_so(page: Callable[..., str]) -> None:
    assert "No message yet" in page()
    assert "No message yet" in page("/_sandbox/phone")


def test_a_message_is_shown_with_its_bold_words_in_its_language(page: Callable[..., str], send_template: Ask) -> None:
    send_template("राजेश", "कुर्ता", "prun_7", "2", language="hi")
    html = page()
    assert "नमस्ते राजेश, याद दिला रहे हैं" in html
    assert "<strong>प्रतीक्षा अवधि:</strong> 2 दिन" in html
    assert 'lang="hi"' in html
    assert "JYT India" in html
    assert "+91 98123 45678" in html


def test_what_a_name_contains_is_shown_and_not_run(page: Callable[..., str], send_template: Ask) -> None:
    send_template("<script>alert(1)</script>", "b", "c", "2")
    assert "<script" not in page()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page()


def test_chats_are_grouped_by_recipient(page: Callable[..., str], send_template: Ask) -> None:
    for to in ("+919812345678", "+919900112233", "+919812345678"):
        send_template(to=to)
    assert page().count('<section class="phone">') == 2
    assert page(to="+919900112233").count("<article") == 1


def test_a_failed_message_says_why(page: Callable[..., str], send: Ask) -> None:
    send(type="text", text={"body": "Hi"})
    assert "Not delivered · 131047 Re-engagement message" in page()


def test_what_a_partner_wrote_is_in_the_chat(api: LocalGraphApi, india: Account, page: Callable[..., str]) -> None:
    api.open_window(india.phone_number_id, "+919812345678", "कल तक हो जाएगा")
    html = page()
    assert "कल तक हो जाएगा" in html
    assert "bubble mine" in html


def test_the_page_can_be_narrowed_to_a_sender(
    api: LocalGraphApi, india: Account, page: Callable[..., str], send_template: Ask
) -> None:
    send_template()
    assert page(phone_number_id=india.phone_number_id).count("<article") == 1
    assert "No message yet" in page(phone_number_id=api.accounts["AU"].phone_number_id)


def test_times_are_those_of_the_recipient(api: LocalGraphApi, page: Callable[..., str], send_template: Ask) -> None:
    instant = api.now().replace(hour=20, minute=0, second=0, microsecond=0)
    api.set_clock(instant)
    api.freeze_clock()
    send_template()
    assert ">01:30 <" in page(), "20:00 by Greenwich is half past one in India"


def test_the_page_asks_for_nothing_elsewhere(
    api: LocalGraphApi, india: Account, client: httpx.Client, page: Callable[..., str], send: Ask
) -> None:
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
def test_marks_become_what_whatsapp_makes_of_them(text: str, html: str) -> None:
    assert marked_up(text) == html
