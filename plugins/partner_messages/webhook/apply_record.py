"""The items of a webhook with their position, and the counts and errors of applying them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from partner_messages.webhook.events import LARGEST_BATCH, Item, StatusUpdate


@dataclass
class Applied:
    """The counts of what was applied."""

    webhooks: int = 0
    items: Counter[str] = field(default_factory=Counter)
    """Items by the name of their class (`StatusUpdate`, ...)."""
    changed: int = 0
    """Messages that a status has changed."""
    waiting: int = 0
    """Statuses whose message is not in the log yet."""
    busy: int = 0
    """Statuses whose row another process had locked: the next pass applies them."""
    errors: Counter[str] = field(default_factory=Counter)
    """Items that could not be applied, by reason."""
    answers: int = 0
    """Messages of partners that answer one of ours or ask for something."""

    def add(self, other: Applied) -> None:
        """Add the counts of another session."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)

    def __str__(self) -> str:
        of = ", ".join(f"{number} {what}" for what, number in sorted(self.items.items()))
        said = f"{self.webhooks} webhooks ({of or 'no items'}), {self.changed} messages changed"
        waiting = f", {self.waiting} statuses wait for their message" if self.waiting else ""
        errors = f", not applied: {dict(self.errors)}" if self.errors else ""
        return f"{said}{waiting}{errors}"


@dataclass(frozen=True)
class WebhookItem:
    """An item with its position.

    Attributes:
        event_id: The id of the webhook (`webhook_event`).
        index: The position of the item in the webhook, from 0.
        item: The parsed item.
        received_at: When the webhook was received.
    """

    event_id: int
    index: int
    item: Item
    received_at: dt.datetime


@dataclass(frozen=True)
class WebhookStatus:
    """A status with its position; the first four attributes are those of `WebhookItem`.

    Attributes:
        waiting_id: Its id in `waiting_status`, if it has waited there.
    """

    event_id: int
    index: int
    update: StatusUpdate
    received_at: dt.datetime
    waiting_id: int | None = None


MAX_ERRORS = LARGEST_BATCH
"""Errors kept of one webhook, so all that a webhook of Meta's may have; the last entry counts all further ones."""
MAX_WHY = 500
"""Characters kept of why an item could not be applied."""
ItemErrors = dict[int, list[dict[str, Any]]]
"""Errors by webhook id, as in the column `webhook_event.errors`."""


def note_error(errors: ItemErrors, one: WebhookItem | WebhookStatus, why: str, **more: Any) -> None:
    """Record why an item could not be applied, with more keys that are not None; `items` is a count of items."""
    known, kept = {key: value for key, value in more.items() if value is not None}, errors[one.event_id]
    if len(kept) < MAX_ERRORS:
        kept.append({"item": one.index, "why": why[:MAX_WHY], **known})
        return
    last = kept[-1]
    kept[-1] = {"why": "and more", "items": last.get("items", 1) + known.get("items", 1)}
