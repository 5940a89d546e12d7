"""What the message log has of sent messages, as the shop's inbox needs it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from partner_messages.message_log.database import LogConnection, of_tick, rows
from partner_messages.messages.tick import Tick


@dataclass(frozen=True)
class SentMessage:
    """A message that Meta took.

    Attributes:
        id: Its row of the message log.
        wamid: Meta's id of it; contains the phone number.
        to_phone: E.164.
        template_name: None for a follow-up, which is free-form.
        body_text: What the partner reads.
        image_url: The picture in it, if there is one.
        sent_at: When Meta took it.
    """

    id: uuid.UUID
    wamid: str = field(repr=False)
    partner_id: str
    production_run_id: str | None
    to_phone: str = field(repr=False)
    context_type: str
    context_id: str
    language: str
    template_name: str | None
    body_text: str
    image_url: str | None = field(repr=False)
    sent_at: dt.datetime

    @property
    def message_type(self) -> str:
        """The type of the message in the shop's vocabulary."""
        if self.template_name:
            return "template"
        return "media" if self.image_url else "text"

    def metadata(self) -> dict[str, str]:
        """What the shop keeps beside the text; by `message_log_id` what we wrote is told from what the shop sent."""
        kept = {
            "message_log_id": str(self.id),
            "template_name": self.template_name,
            "language": self.language,
            "image_url": self.image_url,
        }
        return {name: value for name, value in kept.items() if value}


def messages_to_mirror(connection: LogConnection, tick: Tick, *, of_all: bool = False) -> list[SentMessage]:
    """The live messages of a DAG run that Meta took, oldest first.

    Args:
        connection: The message log.
        tick: The run's tick; what an earlier pass of it has sent counts too.
        of_all: Whether those of the last day are asked for, too, that other runs have left without writing them there.
    """
    found = rows(connection, "messages_to_mirror", **of_tick(tick), of_all=of_all)
    return [SentMessage(**row) for row in found]


def note_mirrored(connection: LogConnection, ids: Collection[uuid.UUID]) -> None:
    """These messages are in the shop's inbox."""
    rows(connection, "note_mirrored", ids=list(ids))
