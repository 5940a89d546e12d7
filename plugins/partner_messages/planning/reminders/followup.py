"""What follows a template that has no picture in it: the design's picture and the link, in a free-form message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol, TypeAlias

from partner_messages.messages.values import Draft, Followed
from partner_messages.recipients import window
from partner_messages.templates.catalog.stand_ins import stand_in
from whatsapp_provider.templates.cleaning import clean

LONGEST_DESIGN_NAME = 300
"""In a caption, of which Meta takes 1,024 characters: the run's id and the signed-in link need some 450 of them."""

Inbound: TypeAlias = Mapping[tuple[str, str], dt.datetime]
"""When each partner last wrote to us from a phone, by partner id and E.164 number."""


class Addressed(Protocol):
    """A message as far as the window is concerned."""

    @property
    def delivery(self) -> str:
        """How it is delivered."""

    @property
    def partner_id(self) -> str:
        """Whom it is for."""

    @property
    def to_phone(self) -> str:
        """Where it goes, E.164."""

    @property
    def sender(self) -> str:
        """Which of our numbers sends it, by its label."""


def may_be_sent_freely(message: Addressed, inbound: Inbound, now: dt.datetime) -> bool:
    """Whether the window of a message's recipient is open.

    A redirected message goes to a test phone, which may be known to the shop under any partner.

    Args:
        message: The follow-up, or what it follows.
        inbound: Who wrote to us, up to now.
        now: The moment of sending.
    """
    if message.delivery == "redirect":
        last = max((at for (_, phone), at in inbound.items() if phone == message.to_phone), default=None)
    else:
        last = inbound.get((message.partner_id, message.to_phone))
    return window.is_open(last, now)


def draft_followup(parent: Followed, *, picture: str | None) -> Draft:
    """Draft what follows a message whose recipient may be written to freely.

    Args:
        parent: The message that is followed; the follow-up goes the same way at the same hours.
        picture: URL of one of the design that Meta would take; without one the follow-up is a text.
    """
    caption = _caption(parent)
    return Draft.followup(
        parent,
        # The partner's name is for the task's log. The link is added when the message is sent; no row has it.
        variables={"partner_name": clean(parent.variables.get("partner_name"), "Partner"), "caption": caption},
        body_text=caption,
        image_url=picture,
    )


def _caption(parent: Followed) -> str:
    unnamed = stand_in("design_name", parent.language)
    design = clean(parent.variables.get("design_name"), unnamed, LONGEST_DESIGN_NAME)
    return f"{design} — Run {clean(parent.production_run_id)}"
