"""A change in a webhook: a field of an account with its value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sandbox.graph_api.outbox import StatusEvent

MESSAGES = "messages"
FIELDS = (
    *(MESSAGES, "user_preferences", "message_template_status_update", "template_category_update"),
    *("message_template_quality_update", "message_template_components_update", "account_update", "account_alerts"),
    *("phone_number_quality_update", "business_capability_update"),
)
"""The webhook fields that this server sends; an app subscribes to some of them in Meta's dashboard."""

OVERRIDABLE = frozenset({MESSAGES})
"""The fields that are sent to an override URL (D/webhooks/override); all others are sent to the app's own URL."""

OPTIONAL_KEYS = frozenset(
    {
        *("contacts", "profile", "wa_id", "user_id", "from", "from_user_id", "recipient_id", "recipient_user_id"),
        *("biz_opaque_callback_data", "conversation", "pricing", "type", "context", "errors"),
    }
)
"""The keys that Meta may leave out of `messages` and `user_preferences`; they can be left out on demand. `type` is that
of the pricing: a message always has one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change.

    Attributes:
        waba_id: The account.
        field: One of `FIELDS`, or an ordered one.
        value: The value in the webhook.
        at: The time, in seconds since the epoch.
        phone_number_id: The business number; None for a change of an account or a template.
        event: For a status: the event in the message's history, where the state of the webhook is kept.
    """

    waba_id: str
    field: str
    value: dict[str, Any]
    at: float
    phone_number_id: str | None = None
    event: StatusEvent | None = None


def without(value: Any, names: Collection[str]) -> Any:
    """The value without these keys on all levels; `type` is removed from `pricing` only."""
    if isinstance(value, list):
        return [without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without(item, names) for key, item in value.items() if key not in names or key == "type"}
    if "type" in names and "pricing" in kept:
        kept["pricing"] = {key: item for key, item in kept["pricing"].items() if key != "type"}
    return kept
