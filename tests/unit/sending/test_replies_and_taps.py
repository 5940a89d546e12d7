"""What a message's buttons say when they are tapped, and how a reply is asked of Meta."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from partner_messages.recipients.taps import Tap, help_payload, later_payload, promise_payload, read_tap
from partner_messages.recipients.words import Intent, intent_of
from partner_messages.sending.payload import reply_message, template_message
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.templates.replies import Reply, reply_texts
from support.examples import claimed_message

ID = uuid.UUID("0198c0de-0000-7000-8000-000000000001")
DAY = dt.date(2026, 11, 25)
LONGEST_BUTTON = 20
"""Characters of a reply button (Meta)."""


def test_a_payload_names_the_row_and_reads_back() -> None:
    assert read_tap(help_payload(ID)) == Tap(Intent.HELP, ID)
    assert read_tap(later_payload(ID)) == Tap(Intent.LATER, ID)
    assert read_tap(promise_payload(ID, DAY)) == Tap(Intent.LATER, ID, DAY)


@pytest.mark.parametrize(
    "payload", [None, "", "help", "Need help", "help:", f"help:{ID}:x", f"promise:{ID}", f"promise:{ID}:1", "later:a:b"]
)
def test_what_nobody_has_made_is_no_tap(payload: str | None) -> None:
    assert read_tap(payload) is None


def test_no_run_and_no_phone_stands_in_a_payload() -> None:
    assert max(map(len, (help_payload(ID), later_payload(ID), promise_payload(ID, DAY)))) <= 256
    assert help_payload(ID) == f"help:{ID}"


@pytest.mark.parametrize("name", [name for name in installed_catalog().names if name.endswith("_v3")])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_the_family_v3_is_v2_with_two_quick_replies(name: str, language: str) -> None:
    template, before = installed_catalog().get(name), installed_catalog().get(name[:-1] + "2")
    assert template is not None
    assert before is not None
    assert (template.variables, template.header, template.buttons[:1]) == (
        *(before.variables, before.header),
        before.buttons,
    )
    labels = template.translations[language].buttons[1:]
    assert [intent_of(label) for label in labels] == [Intent.HELP, Intent.LATER], "typed, they mean the same"

    values = dict.fromkeys((*template.variables, "run_link"), "x")
    message = claimed_message(
        id=ID, template_name=name, language=language, variables=values, image_url="https://cdn.example/1.jpg"
    )
    components = template_message(message, template, link_suffix="R1")["template"]["components"]

    assert [one for one in components if one.get("sub_type") == "quick_reply"] == [
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": index,
            "parameters": [{"type": "payload", "payload": payload}],
        }
        for index, payload in (("1", help_payload(ID)), ("2", later_payload(ID)))
    ]


def test_no_two_templates_have_the_same_text() -> None:
    """Meta refuses a text that another template has."""
    bodies = [one.body for template in installed_catalog() for one in template.translations.values()]
    assert len(set(bodies)) == len(bodies)


def test_a_reply_is_a_text() -> None:
    message = claimed_message(message_kind="reply", template_name=None, variables={"body": "Thank you."})

    request = reply_message(message)

    assert request["type"] == "text"
    assert request["text"] == {"body": "Thank you.", "preview_url": False}
    assert request["biz_opaque_callback_data"] == str(message.id)


def test_or_a_text_with_buttons() -> None:
    variables = {"body": "When?", "button_1_id": "promise:1", "button_1_title": "Wed 25 Nov"}

    request = reply_message(claimed_message(message_kind="reply", template_name=None, variables=variables))

    assert request["interactive"] == {
        "type": "button",
        "body": {"text": "When?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "promise:1", "title": "Wed 25 Nov"}}]},
    }


@pytest.mark.parametrize("reply", list(Reply))
@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_reply_has_a_text_in_both_languages(reply: Reply, language: str) -> None:
    text = reply_texts().text(reply, language, DAY)

    assert text
    assert "{" not in text


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_day_fits_on_a_button(language: str) -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(366)]
    titles = {reply_texts().day(day, language) for day in days}
    assert len(titles) == 366
    assert max(map(len, titles)) <= LONGEST_BUTTON


@pytest.mark.parametrize(
    ("wanted", "language"), [("hi", "hi"), ("hi_IN", "hi"), ("en_US", "en"), ("gu", "en"), (None, "en")]
)
def test_a_reply_is_in_the_nearest_language_that_has_texts(wanted: str | None, language: str) -> None:
    assert reply_texts().language(wanted) == language
