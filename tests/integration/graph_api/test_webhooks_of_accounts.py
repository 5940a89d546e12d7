"""What webhooks tell of templates, accounts and numbers."""

from __future__ import annotations

import pytest

from support.webhook_receiver import NOON

PARTNER = "+919812345678"
IDLE = "jyt_production_run_reminder_idle_v1"
LANGUAGES = {"en", "hi"}


def test_a_review_is_told_when_it_ends(heard, create, ours):
    created = create().json()
    heard.review_next("REJECTED", reason="PROMOTIONAL", language="hi")
    create(language="hi")
    heard.sent_webhooks()
    # Two webhooks are under way at once, as Meta's are: they come in either order.
    told = ours.values("message_template_status_update")
    approved, rejected = sorted(told, key=lambda value: value["message_template_id"])
    assert approved == {
        "event": "APPROVED",
        "message_template_id": int(created["id"]),
        "message_template_name": "order_ready",
        "message_template_language": "en",
        "reason": "NONE",
        "message_template_category": "UTILITY",
    }
    assert (rejected["event"], rejected["reason"]) == ("REJECTED", "PROMOTIONAL")
    assert ours.contents[0]["entry"][0]["time"] == int(NOON.timestamp())


def test_a_rejection_for_its_format_says_what_to_do(heard, create, ours):
    create("Hello {{1}}{{2}}, your order of many pieces is ready now.", "a", "b")
    heard.sent_webhooks()
    (value,) = ours.values("message_template_status_update")
    assert set(value["rejection_info"]) == {"reason", "recommendation"}


@pytest.mark.parametrize(
    ("change", "field", "part"),
    [
        ({"status": "PAUSED"}, "message_template_status_update", {"event": "PAUSED", "reason": "NONE"}),
        ({"status": "DISABLED"}, "message_template_status_update", {"event": "DISABLED"}),
        ({"status": "APPROVED", "event": "FLAGGED"}, "message_template_status_update", {"event": "FLAGGED"}),
        ({"status": "APPROVED", "event": "REINSTATED"}, "message_template_status_update", {"event": "REINSTATED"}),
        ({"quality": "YELLOW"}, "message_template_quality_update", {"previous_quality_score": "UNKNOWN"}),
        ({"quality": "RED"}, "message_template_quality_update", {"new_quality_score": "RED"}),
        (
            {"category": "MARKETING"},
            "template_category_update",
            {"previous_category": "UTILITY", "new_category": "MARKETING"},
        ),
        (
            {"correct_category": "MARKETING"},
            "template_category_update",
            {"new_category": "UTILITY", "correct_category": "MARKETING"},
        ),
    ],
)
def test_what_meta_does_to_a_template_is_told(heard, india, ours, change, field, part):
    heard.change_template(india.waba_id, IDLE, **change)
    heard.sent_webhooks()
    values = ours.values(field)
    assert {value["message_template_language"] for value in values} == LANGUAGES
    assert all(part.items() <= value.items() for value in values)


def test_a_pause_and_its_end_are_told_with_their_titles(heard, india, graph, ours):
    heard.change_template(india.waba_id, IDLE, "en", status="PAUSED")
    heard.sent_webhooks()
    template_id = ours.values("message_template_status_update")[0]["message_template_id"]
    graph.post(f"/{template_id}/unpause")
    heard.sent_webhooks()
    said = [(value["event"], value["other_info"]["title"]) for value in ours.values("message_template_status_update")]
    assert said == [("PAUSED", "FIRST_PAUSE"), ("APPROVED", "UNPAUSE")]


def test_an_announced_category_comes_a_day_later(heard, india, graph, ours):
    heard.change_template(india.waba_id, IDLE, "en", correct_category="MARKETING")
    query = {"fields": "category,correct_category", "name": IDLE, "language": "en"}
    (read,) = graph.get(f"/{india.waba_id}/message_templates", params=query).json()["data"]
    assert (read["category"], read["correct_category"]) == ("UTILITY", "MARKETING")
    heard.sent_webhooks()
    announced = ours.values("template_category_update")
    a_day_later = int(NOON.timestamp()) + 86_400
    assert [value["category_update_timestamp"] for value in announced] == [a_day_later] * len(LANGUAGES)
    heard.shift_clock(86_400)
    heard.sent_webhooks()
    changed = ours.values("template_category_update")[len(LANGUAGES) :]
    assert {value["message_template_language"] for value in changed} == LANGUAGES
    assert {(value["previous_category"], value["new_category"]) for value in changed} == {("UTILITY", "MARKETING")}
    (read,) = graph.get(f"/{india.waba_id}/message_templates", params=query).json()["data"]
    assert (read["category"], read.get("correct_category")) == ("MARKETING", None)


def test_an_edit_is_told_with_the_new_text_and_then_its_review(heard, create, graph, ours):
    template_id = create().json()["id"]
    heard.sent_webhooks()
    reply = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Need help"}]}
    components = [{"type": "BODY", "text": "Your order is on its way."}, reply]
    graph.post(f"/{template_id}", json={"components": components})
    heard.sent_webhooks()
    (value,) = ours.values("message_template_components_update")
    assert value["message_template_element"] == "Your order is on its way."
    assert value["message_template_buttons"] == [
        {"message_template_button_type": "QUICK_REPLY", "message_template_button_text": "Need help"}
    ]
    assert [one["event"] for one in ours.values("message_template_status_update")] == ["APPROVED", "APPROVED"]


def test_a_language_with_a_country_is_told_with_a_hyphen(heard, create, ours):
    create(language="en_US")
    heard.sent_webhooks()
    assert ours.values("message_template_status_update")[0]["message_template_language"] == "en-US"


def test_a_deletion_is_told(heard, india, create, graph, ours):
    create()
    graph.delete(f"/{india.waba_id}/message_templates", params={"name": "order_ready"})
    heard.sent_webhooks()
    assert sorted(one["event"] for one in ours.values("message_template_status_update")) == [
        "APPROVED",
        "PENDING_DELETION",
    ]


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("account_update", None, {"event": "ACCOUNT_RESTRICTION"}),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "1 December 2026"}},
            {"event": "DISABLED_UPDATE", "phone_number": "911140000001"},
        ),
        ("account_alerts", None, {"entity_type": "PHONE_NUMBER"}),
        ("phone_number_quality_update", {"event": "UNFLAGGED"}, {"event": "UNFLAGGED"}),
        (
            "business_capability_update",
            {"max_daily_conversations_per_business": 250},
            {"max_phone_numbers_per_business": 2},
        ),
    ],
)
def test_what_happens_to_an_account_is_told_to_order(heard, india, ours, field, value, part):
    heard.webhook(field, india.waba_id, value)
    heard.sent_webhooks()
    (got,) = ours.values(field)
    assert {**part, **(value or {})}.items() <= got.items()


@pytest.mark.parametrize("value", ["stop", "resume"])
def test_a_partners_preference_is_told(heard, india, ours, value):
    heard.prefer(india.phone_number_id, PARTNER, value)
    heard.sent_webhooks()
    (told_value,) = ours.values("user_preferences")
    (preference,) = told_value["user_preferences"]
    assert (preference["wa_id"], preference["category"], preference["value"]) == (
        PARTNER[1:],
        "marketing_messages",
        value,
    )
    assert preference["timestamp"] == int(NOON.timestamp()), "a number here, a text everywhere else"
