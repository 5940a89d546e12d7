"""What is applied, where it stands, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from partner_messages.webhook.events import Item, StatusUpdate


@dataclass
class Applied:
    """What was done, counted."""

    webhooks: int = 0
    items: Counter[str] = field(default_factory=Counter)
    """By what they were (`StatusUpdate`, ...)."""
    changed: int = 0
    """Messages that a status has changed."""
    waiting: int = 0
    """Statuses that wait for their message."""
    busy: int = 0
    """Of these, statuses whose message another process was writing: they are applied with the next pass."""
    errors: Counter[str] = field(default_factory=Counter)
    """Items that could not be applied, by why."""
    answers: int = 0
    """Of the messages that partners wrote, those that answer one of ours or ask for something."""

    def add(self, other: Applied) -> None:
        """Count what was done elsewhere, too."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)

    def __str__(self) -> str:
        of = ", ".join(f"{number} {what}" for what, number in sorted(self.items.items()))
        said = f"{self.webhooks} webhooks ({of or 'no items'}), {self.changed} messages changed"
        waiting = f", {self.waiting} statuses wait for their message" if self.waiting else ""
        errors = f", not applied: {dict(self.errors)}" if self.errors else ""
        return f"{said}{waiting}{errors}"


@dataclass(frozen=True)
class Said:
    """One item where it stands.

    Attributes:
        event_id: The webhook.
        place: Its place there; the first is 0.
        item: What it says.
        received_at: When the webhook came.
    """

    event_id: int
    place: int
    item: Item
    received_at: dt.datetime


@dataclass(frozen=True)
class SaidStatus:
    """A status where it stands.

    Attributes:
        event_id: The webhook.
        place: Its place there.
        update: The status.
        received_at: When the webhook came.
        waiting_id: Under which id it has waited, if it has.
    """

    event_id: int
    place: int
    update: StatusUpdate
    received_at: dt.datetime
    waiting_id: int | None = None


MOST_ERRORS = 100
"""Of a webhook, one by one; the last one says how many more there were."""
Errors = dict[int, list[dict[str, Any]]]
"""By webhook, as its column `errors` has them."""


def note(errors: Errors, one: Said | SaidStatus, why: str, **more: Any) -> None:
    """Keep why an item could not be applied; what is None says nothing. A count of several is `items`."""
    known, kept = {key: value for key, value in more.items() if value is not None}, errors[one.event_id]
    if len(kept) < MOST_ERRORS:
        kept.append({"item": one.place, "why": why, **known})
        return
    last = kept[-1]
    kept[-1] = {"why": "and more", "items": last.get("items", 1) + known.get("items", 1)}
