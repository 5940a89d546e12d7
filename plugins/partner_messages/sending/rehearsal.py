"""What was sent, or would have been by a dry run, as lines of its task's log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from partner_messages.config.plain_text import INDENT, wrapped
from partner_messages.messages.values import Message
from whatsapp_provider.masking import mask, mask_phone

SHOWN = 100
"""Up to as many messages of a task are shown."""


def lines_of(messages: Sequence[Message]) -> Iterator[str]:
    """Each message's masked number, language, sender and template, and below it its text.

    A line each: what shows logs may fold the lines of one message into each other. A long one goes on further in.
    """
    for message in messages[:SHOWN]:
        template = message.template_name or "no template"
        yield f"To {mask_phone(message.to_phone)} in {message.language} from {message.sender} as {template}:"
        for line in mask(message.body_text or "").splitlines():
            yield from wrapped(line, INDENT) or [INDENT]
    if (more := len(messages) - SHOWN) > 0:
        yield f"... and {more} more; see the table message_log."
