"""Fuzzed bodies through the whole receiver: each is answered 200, good items are applied, bad ones have their error."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_messages.deployment.receiving import load_receiving
from partner_messages.recipients.taps import help_payload, later_payload
from partner_messages.webhook.app import Receiver
from partner_messages.webhook.events import (
    AccountUpdate,
    InboundMessage,
    PreferenceUpdate,
    StatusUpdate,
    TemplateUpdate,
)
from partner_messages.webhook.parsing import parse
from sandbox.graph_api.accounts import SANDBOX_APP_SECRET
from support.deployment import TICK
from support.examples import PHONE
from support.inbound import reminded
from support.log_rows import change, put, row
from support.receiving import receiving
from support.webhooks import WABA, encoded, seconds, signed, status_item, text_item

OURS = "wamid.OURS"
FIRST_REMINDER = "00000000-0000-4000-8000-000000000001"
ODD_TEXTS = st.sampled_from(
    [
        *(
            "",
            " ",
            "\0",
            "STOP\0",
            "\ud800",
            "x\udfffx",
            "\u202estop",
            "🙏🏽",
            "बंद करो",
            "'; --",
            "%s %(id)s",
            "\\u0000",
        ),
        *("x" * 600, "9" * 50, "é" * 300, "STOP " * 3_000, "null", "-1", "1e400", "\n\t\r", FIRST_REMINDER, OURS),
    ]
)
TEXTS = ODD_TEXTS | st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TIMES = st.sampled_from([seconds(TICK)] * 9 + [int(seconds(TICK)), "0", "99999999999999", None, 1.5, "-1"])
IDS = st.uuids().map(str) | TEXTS


def some(needed=None, **fields):
    """An object with what is needed, and each of these fields or not, mostly as it should be, else odd."""
    optional = {name: good | good | JSON for name, good in fields.items()}
    return st.fixed_dictionaries(needed or {}, optional=optional)


ERRORS = st.lists(some(code=st.sampled_from([131026, 10**12, "131050"]), title=TEXTS, error_data=JSON), max_size=2)
STATUSES = some(
    {
        "id": st.just(OURS) | IDS,
        "status": st.sampled_from(["sent", "delivered", "read", "failed", "DELIVERED", "lost"]),
        "timestamp": TIMES,
    },
    biz_opaque_callback_data=st.just(FIRST_REMINDER) | TEXTS,
    recipient_id=st.just(PHONE[1:]) | TEXTS,
    recipient_user_id=TEXTS,
    errors=ERRORS,
    pricing=some(billable=st.booleans(), category=TEXTS, type=TEXTS, pricing_model=TEXTS),
)
PAYLOADS = st.sampled_from(
    [help_payload(FIRST_REMINDER), later_payload(FIRST_REMINDER), "help:", "promise:x:y", "later:0"]
)
CONTENT = {
    "text": some(body=st.sampled_from(["STOP", "stop it", "START", "हिंदी", "help", "from Monday"]) | TEXTS),
    "button": some(payload=PAYLOADS | TEXTS, text=TEXTS),
    "interactive": some(button_reply=some(id=PAYLOADS | TEXTS, title=TEXTS), list_reply=some(id=TEXTS, title=TEXTS)),
    "reaction": some(message_id=st.just(OURS) | TEXTS, emoji=TEXTS),
    "image": some(caption=TEXTS, id=JSON),
    "edit": some(original_message_id=TEXTS, message=some(type=st.just("text"), text=some(body=st.just("STOP")))),
    "system": some(body=TEXTS),
}
MESSAGES = some(
    {
        "id": IDS,
        "from": st.sampled_from([PHONE[1:], "919829099999"]) | TEXTS,
        "timestamp": TIMES,
        "type": st.sampled_from([*CONTENT, "unsupported"]) | TEXTS,
    },
    context=some(id=st.just(OURS) | TEXTS),
    from_user_id=st.just("IN.1") | TEXTS,
    **CONTENT,
)
CONTACTS = st.lists(some(wa_id=st.just(PHONE[1:]), user_id=TEXTS, profile=some(name=TEXTS)), max_size=2)
PREFERENCES = some(
    {
        "category": st.just("marketing_messages") | TEXTS,
        "value": st.sampled_from(["stop", "resume", "signup"]),
        "timestamp": TIMES,
    },
    wa_id=st.just(PHONE[1:]) | TEXTS,
    user_id=TEXTS,
)
TEMPLATE = some(
    message_template_name=TEXTS,
    message_template_language=st.just("en-US") | TEXTS,
    message_template_id=st.integers(),
    event=st.sampled_from(["APPROVED", "REJECTED"]) | TEXTS,
    reason=TEXTS,
    new_category=TEXTS,
    correct_category=TEXTS,
    new_quality_score=TEXTS,
)
ACCOUNT = some(
    event=st.sampled_from(["ACCOUNT_RESTRICTION", "DISABLED_UPDATE"]) | TEXTS,
    phone_number=TEXTS,
    ban_info=some(waba_ban_state=st.just(["DISABLE"]) | TEXTS),
    restriction_info=st.lists(some(restriction_type=TEXTS), max_size=2),
)
OTHER_CHANGES = st.lists(
    st.one_of(
        st.builds(
            lambda found: {"field": "user_preferences", "value": {"user_preferences": found}},
            st.lists(PREFERENCES | JSON, max_size=2),
        ),
        st.builds(
            lambda field, value: {"field": field, "value": value},
            st.sampled_from(["message_template_status_update", "template_category_update"]),
            TEMPLATE | JSON,
        ),
        st.builds(
            lambda field, value: {"field": field, "value": value},
            st.sampled_from(["account_update", "account_alerts", "phone_number_quality_update"]),
            ACCOUNT | JSON,
        ),
        some(field=TEXTS, value=JSON),
        JSON,
    ),
    max_size=3,
)


@st.composite
def fuzzed(draw, name, items):
    """A change of the field `messages` with odd items before and after the place of a good one, None."""
    before, after = (draw(st.lists(items | items | JSON, max_size=3)) for _ in range(2))
    beside = draw(some(contacts=CONTACTS, errors=ERRORS, metadata=JSON))
    return {**beside, name: [*before, None, *after]}


def with_good(change_value, name, number, good):
    """The change with the good item in its place, of a number of ours."""
    value = {**change_value, "metadata": {"phone_number_id": number}}
    place = value[name].index(None)
    value[name] = [*value[name][:place], good, *value[name][place + 1 :]]
    return {"field": "messages", "value": value}


def is_applied(log, event_id, item):
    """Whether what an item says is kept where it belongs."""
    asked = {
        StatusUpdate: "SELECT FROM waiting_status WHERE wamid = %(wamid)s UNION ALL"
        " SELECT FROM message_log WHERE meta_message_id = %(wamid)s OR id::text = lower(%(opaque)s)",
        InboundMessage: "SELECT FROM answer WHERE wamid = %(wamid)s",
        PreferenceUpdate: "SELECT FROM partner_preference WHERE kind = 'marketing'",
        TemplateUpdate: "SELECT FROM template_approval WHERE name = %(name)s",
        AccountUpdate: "SELECT FROM account_event WHERE event_id = %(event_id)s AND field = %(field)s",
    }
    return log.execute(asked[type(item)], {**vars(item), "event_id": event_id}).rowcount > 0


@pytest.mark.parametrize("examples", [25, pytest.param(1_000, marks=pytest.mark.slow)])
def test_each_good_item_is_applied_and_each_bad_one_has_its_error_whatever_stands_beside(deployment, log, examples):
    reminder = reminded(log, "R0", meta_message_id=OURS)
    change(log, reminder, id=FIRST_REMINDER)
    number, numbers = load_receiving().phone_number_ids()["in"], itertools.count()

    with receiving(Receiver(applies=False)) as hook:

        @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
        @given(fuzzed("statuses", STATUSES), fuzzed("messages", MESSAGES), OTHER_CHANGES, st.randoms())
        def each(statuses, messages, others, chance):
            of = f"good.{next(numbers)}"
            id_ = put(log, "sent", of, meta_message_id=of)
            changes = [
                with_good(statuses, "statuses", number, status_item(of, "delivered")),
                with_good(messages, "messages", number, text_item(f"in.{of}", "Thank you")),
                *others,
            ]
            chance.shuffle(changes)
            body = encoded({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": changes}]})

            assert hook.post(body, signed(body, SANDBOX_APP_SECRET)) == 200
            hook.receiver.applier.apply_once()
            event = log.execute("SELECT * FROM webhook_event ORDER BY id DESC LIMIT 1").fetchone()
            assert bytes(event["body"]) == body
            assert event["applied_at"] is not None
            assert row(log, id_)["status"] == "delivered"
            assert log.execute("SELECT text FROM answer WHERE wamid = %s", [f"in.{of}"]).fetchall() == [
                {"text": "Thank you"}
            ]
            wrong = {error["item"] for error in event["errors"]}
            for place, item in enumerate(parse(body, event["received_at"])):
                assert place in wrong or is_applied(log, event["id"], item), (item, json.dumps(event["errors"]))

        each()
