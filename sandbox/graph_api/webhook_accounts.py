"""The webhooks about templates, accounts and numbers (D/webhooks/reference); overrides do not apply to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.template_store import NO_REASON, NOTICE_SECONDS, UNPAUSED, Template, TemplateStatus
from sandbox.graph_api.webhook_changes import Change

OTHER_INFO = {
    "PAUSED": ("FIRST_PAUSE", "Your WhatsApp message template has been paused for 3 hours until it can be reviewed."),
    "DISABLED": ("DISABLED", "Your WhatsApp message template has been disabled."),
    UNPAUSED: ("UNPAUSE", "Your WhatsApp message template has been unpaused."),
}


def status_value(template: Template, event: str, at: float) -> dict[str, Any]:
    """`message_template_status_update`: a template was approved, rejected, paused, disabled or deleted.

    Args:
        template: The changed template.
        event: The event; the end of a pause is sent as APPROVED.
        at: Seconds since the epoch.
    """
    value: dict[str, Any] = {
        "event": "APPROVED" if event == UNPAUSED else event,
        **_named(template),
        "reason": template.rejected_reason if event == TemplateStatus.REJECTED else NO_REASON,
        "message_template_category": template.category,
    }
    if event == TemplateStatus.DISABLED:
        value["disable_info"] = {"disable_date": str(int(at))}
    if event in OTHER_INFO:
        title, description = OTHER_INFO[event]
        value["other_info"] = {"title": title, "description": description}
    if event == TemplateStatus.REJECTED and template.rejected_reason == "INVALID_FORMAT":
        value["rejection_info"] = {
            "reason": template.explanation or "The template's format is not valid.",
            "recommendation": "Change the template and submit it again.",
        }
    return value


def category_value(template: Template, previous: str, at: float) -> dict[str, Any]:
    """`template_category_update`: Meta has changed a template's category, or announces it.

    An announcement has the present category as `new_category`, and no previous one.
    """
    if template.correct_category is None:
        return {**_named(template), "previous_category": previous, "new_category": template.category}
    return {
        **_named(template),
        "new_category": template.category,
        "correct_category": template.correct_category,
        "category_update_timestamp": int(at + NOTICE_SECONDS),
    }


def quality_value(template: Template, previous: str, _: float) -> dict[str, Any]:
    """`message_template_quality_update`: a template's quality score has changed."""
    return {"previous_quality_score": previous, "new_quality_score": template.quality, **_named(template)}


def components_value(template: Template, _: str, __: float) -> dict[str, Any]:
    """`message_template_components_update`: a template was edited."""
    shape = template.shape
    value: dict[str, Any] = {**_named(template), "message_template_element": shape.body}
    if shape.header_format == "TEXT":
        value["message_template_title"] = shape.header_text
    if shape.footer is not None:
        value["message_template_footer"] = shape.footer
    if shape.buttons:
        value["message_template_buttons"] = [
            {
                "message_template_button_type": button.type,
                "message_template_button_text": button.text,
                **({"message_template_button_url": button.target} if button.type == "URL" else {}),
            }
            for button in shape.buttons
        ]
    return value


TEMPLATE_VALUES: dict[str, Callable[[Template, str, float], dict[str, Any]]] = {
    "message_template_status_update": status_value,
    "template_category_update": category_value,
    "message_template_quality_update": quality_value,
    "message_template_components_update": components_value,
}


def template_change(template: Template, field: str, what: str, at: float) -> Change:
    """The webhook change for a change of a template; the arguments are those of `template_store.Tell`."""
    return Change(template.waba_id, field, TEMPLATE_VALUES[field](template, what, at), at)


def _named(template: Template) -> dict[str, Any]:
    """The template's id as a number, its name, and its language with a hyphen, as in Meta's own examples."""
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language.replace("_", "-"),
    }


EXAMPLES: dict[str, Callable[[Account, float], dict[str, Any]]] = {
    "account_update": lambda account, at: {
        "phone_number": account.display_phone_number[1:],
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [
            {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": int(at) + 86_400}
        ],
    },
    "account_alerts": lambda account, _: {
        "entity_type": "PHONE_NUMBER",
        "entity_id": account.phone_number_id,
        "alert_info": {
            "alert_severity": "WARNING",
            "alert_status": "ACTIVE",
            "alert_type": "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED",
            "alert_description": "Your business is not yet eligible for a higher messaging limit.",
        },
    },
    "phone_number_quality_update": lambda account, _: {
        "display_phone_number": account.display_phone_number[1:],
        "event": "FLAGGED",
        "max_daily_conversations_per_business": "TIER_2K",
    },
    "business_capability_update": lambda *_: {
        "max_daily_conversations_per_business": 2_000,
        "max_phone_numbers_per_business": 2,
    },
}
"""The default values of the fields about an account."""


def account_change(account: Account, field: str, given: Mapping[str, Any] | None, at: float) -> Change:
    """An ordered change about an account or a number.

    Args:
        account: The account.
        field: A field of `EXAMPLES`, or any other, which is sent as given.
        given: Replaces keys of the example; None removes a key. An `event` for `account_update` replaces the whole
            example, except the phone number.
        at: Seconds since the epoch.
    """
    example = EXAMPLES[field](account, at) if field in EXAMPLES else {}
    if field == "account_update" and given and "event" in given:
        example = {"phone_number": example["phone_number"]}
    value = {key: item for key, item in {**example, **(given or {})}.items() if item is not None}
    return Change(account.waba_id, field, value, at)
