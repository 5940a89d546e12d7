"""Meta's JSON becomes our values; whatever is odd becomes `Unrecognised`, and nothing beside it is lost."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_messages.recipients.words import Intent, intent_of
from partner_messages.webhook.events import (
    AccountUpdate,
    InboundMessage,
    MetaError,
    PreferenceUpdate,
    Pricing,
    StatusUpdate,
    TemplateUpdate,
    Unrecognised,
)
from partner_messages.webhook.parsing import MAX_UNRECOGNISED, parse
from support.deployment import TICK
from support.webhooks import NUMBER, WABA, encoded, envelope, messages_change, of_statuses, status_item, text_item

LATER = TICK + dt.timedelta(minutes=5)
PHONE = "+919829012345"


def items(body):
    return parse(body, LATER)


def one(body):
    (found,) = items(body)
    return found


def test_a_status_with_everything_that_meta_may_say():
    item = status_item(
        "wamid.A",
        "delivered",
        recipient_id="919829012345",
        recipient_user_id="IN.123",
        biz_opaque_callback_data="0198c0de-0000-7000-8000-000000000001",
        conversation={"id": "C", "origin": {"type": "utility"}},
        pricing={"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"},
    )

    assert one(of_statuses(item)) == StatusUpdate(
        phone_number_id=NUMBER,
        wamid="wamid.A",
        status="delivered",
        at=TICK,
        recipient=PHONE,
        user_id="IN.123",
        opaque="0198c0de-0000-7000-8000-000000000001",
        pricing=Pricing("utility", True, "regular", "PMP"),
    )


def test_a_status_with_nothing_that_meta_may_leave_out():
    assert one(of_statuses(status_item())) == StatusUpdate(NUMBER, "wamid.A", "sent", TICK)


@pytest.mark.parametrize(
    ("data", "details"),
    [({"details": "Not on WhatsApp."}, "Not on WhatsApp."), ("As a text.", "As a text."), (None, "Undeliverable")],
)
def test_a_failure_says_its_code_and_details(data, details):
    error = {"code": 131026, "title": "Message undeliverable", "message": "Undeliverable", "error_data": data}
    found = one(of_statuses(status_item(status="failed", errors=[error, {"title": "no code"}, 3])))

    assert found.errors == (MetaError(131026, "Message undeliverable", details),)


TAPS = {
    "text": ({"type": "text", "text": {"body": "हाँ"}}, ("text", "हाँ", None)),
    "button": (
        {"type": "button", "button": {"payload": "later:1", "text": "Remind me later"}},
        ("button", "Remind me later", "later:1"),
    ),
    "button reply": (
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "in:2", "title": "2"}}},
        ("interactive", "2", "in:2"),
    ),
    "list reply": (
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "x", "title": "X"}}},
        ("interactive", "X", "x"),
    ),
    "another interactive": ({"type": "interactive", "interactive": {"type": "nfm_reply"}}, ("interactive", None, None)),
    "picture": (
        {"type": "image", "image": {"id": 1, "mime_type": "image/jpeg", "caption": "STOP"}},
        ("image", "STOP", None),
    ),
    "voice": ({"type": "audio", "audio": {"id": "1", "voice": True}}, ("audio", None, None)),
    "unsupported": ({"type": "unsupported", "errors": [{"code": 131051}]}, ("unsupported", None, None)),
    "no type": ({}, ("unsupported", None, None)),
    "its object is a text": ({"type": "text", "text": "STOP"}, ("text", None, None)),
}


@pytest.mark.parametrize("case", TAPS)
def test_what_a_partner_wrote_or_tapped(case):
    item, said = TAPS[case]
    plain = {"from": "919829012345", "id": "wamid.IN", "timestamp": "1795667400"}
    found = one(envelope(messages_change(messages=[{**plain, **item}])))

    assert (found.kind, found.text, found.payload) == said
    assert (found.sender, found.context_wamid, found.edited) == (PHONE, None, False)


def test_a_message_names_what_it_answers_and_who_wrote_it():
    contacts = [{"wa_id": "919829012345", "user_id": "IN.1", "profile": {"name": "Rajesh"}}, {"wa_id": "1"}]
    item = text_item(context={"id": "wamid.A", "from": "911234567890"})
    found = one(envelope(messages_change(messages=[item], contacts=contacts)))

    assert found == InboundMessage(
        NUMBER, "wamid.IN", PHONE, "IN.1", "text", "STOP", None, "wamid.A", TICK, profile_name="Rajesh"
    )


def test_a_reaction_names_its_message():
    item = {**text_item(), "type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "👍🏽"}}
    found = one(envelope(messages_change(messages=[item])))

    assert (found.kind, found.text, found.context_wamid) == ("reaction", "👍🏽", "wamid.A")


def test_an_edit_is_one_whatever_it_says():
    edit = {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "STOP"}}}
    found = one(envelope(messages_change(messages=[{**text_item(), "type": "edit", "edit": edit}])))

    assert (found.kind, found.text, found.edited, found.context_wamid) == ("text", "STOP", True, "wamid.0")


@pytest.mark.parametrize("contacts", [None, [], [{"user_id": "IN.1"}], "x", [3]])
def test_someone_with_a_username_has_no_number(contacts):
    item = {key: value for key, value in text_item(from_user_id="IN.1").items() if key != "from"}
    found = one(envelope(messages_change(messages=[item], contacts=contacts)))

    assert (found.sender, found.user_id) == (None, "IN.1")


def test_whose_name_is_not_said_is_not_guessed():
    contacts = [{"user_id": "IN.1"}, {"user_id": "IN.2"}]
    item = {key: value for key, value in text_item().items() if key != "from"}

    assert isinstance(one(envelope(messages_change(messages=[item], contacts=contacts))), Unrecognised)


def test_a_preference():
    said = {
        "wa_id": "919829012345",
        "detail": "User requested to stop marketing messages",
        "category": "marketing_messages",
        "value": "stop",
        "timestamp": int(TICK.timestamp()),
    }
    change = messages_change(user_preferences=[{**said, "value": value} for value in ("stop", "resume", "signup", "x")])
    *known, unknown = items(envelope({**change, "field": "user_preferences"}))

    assert known == [
        PreferenceUpdate(NUMBER, PHONE, None, "marketing_messages", value, TICK)
        for value in ("stop", "resume", "resume")
    ]
    assert unknown == Unrecognised("user_preferences", "a preference that is not known: x", TICK)


TEMPLATE = {
    "message_template_id": 594425479261596,
    "message_template_name": "jyt_production_run_reminder_idle_v1",
    "message_template_language": "en-US",
}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "message_template_status_update",
            {"event": "REJECTED", "reason": "INVALID_FORMAT"},
            {"event": "REJECTED", "reason": "INVALID_FORMAT"},
        ),
        ("message_template_status_update", {"event": "approved", "reason": "NONE"}, {"event": "APPROVED"}),
        (
            "message_template_status_update",
            {"event": "PAUSED", "reason": None, "other_info": {"title": "FIRST_PAUSE", "description": "For 3 hours."}},
            {"event": "PAUSED", "reason": "For 3 hours."},
        ),
        ("template_category_update", {"correct_category": "MARKETING"}, {"correct_category": "MARKETING"}),
        (
            "template_category_update",
            {"previous_category": "UTILITY", "new_category": "MARKETING"},
            {"category": "MARKETING"},
        ),
        ("message_template_quality_update", {"new_quality_score": "YELLOW"}, {"quality": "YELLOW"}),
        ("message_template_components_update", {"message_template_element": "Hi."}, {}),
    ],
)
def test_what_became_of_a_template(field, value, said):
    nothing = dict.fromkeys(("event", "reason", "category", "correct_category", "quality"))
    found = one(envelope({"field": field, "value": {**TEMPLATE, **value}}, time=int(TICK.timestamp())))

    assert found == TemplateUpdate(
        WABA,
        field,
        template_id="594425479261596",
        name="jyt_production_run_reminder_idle_v1",
        language="en_US",
        at=TICK,
        **{**nothing, **said},
    )


def test_what_became_of_an_account_and_without_a_time_it_is_now():
    value = {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "X", "expiration": 1}]}
    found = one(envelope({"field": "account_update", "value": value}))

    assert found == AccountUpdate(
        WABA,
        "account_update",
        "ACCOUNT_RESTRICTION",
        None,
        {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "X", "expiration": "1"}]},
        LATER,
    )


ODD_BODIES = [
    b"",
    b"\xff\xfe",
    b"{",
    b"null",
    b"[]",
    b"3",
    b'{"object": "whatsapp_business_account"}',
    b'{"object": "page", "entry": []}',
    b'{"object": "whatsapp_business_account", "entry": [3, {"changes": 1}]}',
    b'{"object": "whatsapp_business_account", "entry": []}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", ODD_BODIES)
def test_what_is_no_envelope_says_so(body):
    assert {type(item) for item in items(body)} == {Unrecognised}


ODD_STATUSES = [
    3,
    None,
    [],
    {},
    status_item(status="exploded"),
    {**status_item(), "timestamp": "soon"},
    {**status_item(), "timestamp": None},
    {**status_item(), "timestamp": "9" * 14},
    {**status_item(), "timestamp": True},
    {**status_item(), "timestamp": 12},
    {**status_item(), "id": None},
    {**status_item(), "id": {"a": 1}},
    {**status_item(), "status": 7},
]


@pytest.mark.parametrize("odd", ODD_STATUSES)
def test_one_bad_item_does_not_lose_the_others(odd):
    before, bad, after = items(of_statuses(status_item("wamid.1"), odd, status_item("wamid.2")))

    assert (before.wamid, after.wamid) == ("wamid.1", "wamid.2")
    assert isinstance(bad, Unrecognised)


def test_a_number_of_thousands_of_digits_costs_nothing_else():
    body = of_statuses(status_item("wamid.1"), {**status_item("wamid.2"), "x": "HERE"}).replace(b'"HERE"', b"9" * 9_999)

    assert [item.wamid for item in items(body)] == ["wamid.1", "wamid.2"]


def test_what_postgresql_cannot_keep_is_taken_out():
    body = envelope(messages_change(messages=[text_item(body="a\0b\ud83dc")]))

    assert one(body).text == "ab?c"


def test_fields_and_errors_that_are_not_for_us_are_named():
    body = envelope({"field": "flows", "value": {}}, messages_change(errors=[{"code": 130429, "title": "Rate"}]))

    assert [item.why for item in items(body)] == ["a field that is not read", "Meta says 130429 Rate"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["id", "status", "timestamp", "errors", "pricing", "recipient_id", "type", "text", "button", "context", "from"]
ALMOST = st.dictionaries(st.sampled_from(KEYS), JSON | st.sampled_from(["sent", "text", "1795667400", "wamid.X"]))
FIELDS = ["messages", "user_preferences", "template_category_update", "account_update", "other"]


@settings(max_examples=100)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_whatever_raises(body):
    assert items(body)


@settings(max_examples=100)
@given(
    st.lists(ALMOST | JSON, max_size=4),
    st.lists(ALMOST | JSON, max_size=4),
    st.sampled_from(FIELDS),
    st.dictionaries(
        st.sampled_from(["statuses", "messages", "metadata", "contacts", "user_preferences", "event"]), JSON
    ),
)
def test_no_odd_item_loses_a_good_one(before, after, field, value):
    good = status_item("wamid.GOOD", "read")
    message = text_item("wamid.IN")
    body = encoded(
        {
            "object": "whatsapp_business_account",
            "entry": [
                {"id": 7, "changes": [{"field": field, "value": value}]},
                {"id": WABA, "changes": [messages_change(statuses=[*before, good, *after])]},
                {"id": WABA, "changes": [messages_change(messages=[*before, message, *after])]},
            ],
        }
    )
    found = items(body)

    assert StatusUpdate(NUMBER, "wamid.GOOD", "read", TICK) in found
    assert any(isinstance(item, InboundMessage) and item.wamid == "wamid.IN" for item in found)


def test_what_is_too_long_for_an_id_is_none_and_costs_nothing_beside_it():
    long = "x" * 513
    found = one(envelope(messages_change(messages=[text_item(from_user_id=long, context={"id": long})])))
    assert (found.sender, found.text, found.user_id, found.context_wamid) == (PHONE, "STOP", None, None)

    assert "no id" in one(of_statuses(status_item(long))).why


def test_an_account_s_words_are_kept_without_what_postgresql_cannot_keep():
    found = one(envelope({"field": "account_update", "value": {"ev\0ent": "X", "of\0": {"in\0ner": "y\0"}}}))

    assert found.detail == {"event": "X", "of": {"inner": "y"}}


@pytest.mark.parametrize("sign", [" ", "\u200b", "🙏", "\n."])
def test_signs_without_end_before_a_word_do_not_cut_it_off(sign):
    found = one(envelope(messages_change(messages=[text_item(body=sign * 2_001 + "STOP")])))

    assert intent_of(found.text) is Intent.STOP


def test_of_what_cannot_be_read_the_first_are_named_and_the_others_counted():
    found = items(encoded({"object": "whatsapp_business_account", "entry": [{}] * 2_500}))

    assert len(found) <= MAX_UNRECOGNISED + 1
    assert sum(item.items for item in found) == 2_500


def test_a_message_without_a_phone_is_of_the_one_contact_that_has_it():
    message = {key: value for key, value in text_item(from_user_id="IN.5").items() if key != "from"}
    contact = {"user_id": "IN.5", "wa_id": PHONE.removeprefix("+")}

    assert one(envelope(messages_change(messages=[message], contacts=[contact]))).sender == PHONE
    assert one(envelope(messages_change(messages=[message], contacts=[contact, contact]))).sender is None
