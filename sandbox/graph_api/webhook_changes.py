"""What Meta tells: one change of one field of one account, with a value of that field's shape."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sandbox.graph_api.outbox import StatusEvent

MESSAGES = "messages"
FIELDS = (
    MESSAGES,
    "user_preferences",
    "message_template_status_update",
    "template_category_update",
    "message_template_quality_update",
    "message_template_components_update",
    "account_update",
    "account_alerts",
    "phone_number_quality_update",
    "business_capability_update",
)
"""The fields this server tells of; an app says at Meta's dashboard which of them it wants."""

OVERRIDABLE = frozenset({MESSAGES})
"""Of these fields the ones that go where an override says (D/webhooks/override); all others go to the app's own URL."""

LEAVABLE = frozenset(
    {
        "contacts",
        "profile",
        "wa_id",
        "user_id",
        "from",
        "from_user_id",
        "recipient_id",
        "recipient_user_id",
        "biz_opaque_callback_data",
        "conversation",
        "pricing",
        "type",
        "context",
        "errors",
    }
)
"""What Meta may leave out of `messages` and `user_preferences`, so that it can be left out to order. `type` is that of
the price: a message always has one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to tell.

    Attributes:
        waba_id: The account it is about.
        field: One of `FIELDS`, or another to order.
        value: As it stands in the webhook.
        at: When it happened, in seconds since the epoch.
        phone_number_id: The business number it is about; None for an account's or a template's.
        event: The status of a message that this tells, whose history says how the telling went; None for others.
    """

    waba_id: str
    field: str
    value: dict[str, Any]
    at: float
    phone_number_id: str | None = None
    event: StatusEvent | None = None


def without(value: Any, names: Collection[str]) -> Any:
    """The value without these keys, wherever they are in it; a `type` goes from `pricing` only."""
    if isinstance(value, list):
        return [without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without(item, names) for key, item in value.items() if key not in names or key == "type"}
    if "type" in names and "pricing" in kept:
        kept["pricing"] = {key: item for key, item in kept["pricing"].items() if key != "type"}
    return kept
