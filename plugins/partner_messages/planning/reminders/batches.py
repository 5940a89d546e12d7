"""Deals messages out to mapped tasks: one each on a small day, else in chunks (docs/design.md, decision 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from partner_messages.config.pieces import pieces
from partner_messages.messages.values import QueuedMessage
from whatsapp_provider.templates.cleaning import clean, shown

PER_PROCESS = 500
"""Messages a second that one process sends at least, whatever its machine; a faster number needs several at once."""
LONGEST_NAME = 40
"""Of a partner's or a design's name in a task's name, which is a row of a narrow list; Airflow keeps 250 characters of
the whole, and a longer one fails the task."""


@dataclass(frozen=True)
class Batch:
    """What one mapped task sends.

    Attributes:
        label: The task's name in the UI.
        sender: The one sender of all its messages.
        message_ids: Rows of the message log.
    """

    label: str
    sender: str
    message_ids: tuple[str, ...]

    def to_xcom(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "label": self.label,
            "sender": self.sender,
            "message_ids": list(self.message_ids),
        }


def deal(
    messages: Sequence[QueuedMessage],
    *,
    task_each_up_to: int,
    chunk_size: int,
    max_map_length: int,
    rates: Mapping[str, float],
) -> list[Batch]:
    """Deal messages, which come grouped by sender, into batches: no more chunks than keep their sender's rate.

    Args:
        messages: What is queued.
        task_each_up_to: Up to this many, each message is a task of its own.
        chunk_size: Messages in a chunk, at most; more only where `max_map_length` would not hold that many chunks.
        max_map_length: How many mapped tasks Airflow allows (`[core] max_map_length`).
        rates: Messages a second, by sender; of one that is unknown nothing will be sent.
    """
    if len(messages) <= min(task_each_up_to, max_map_length):
        return [
            Batch(
                label=_label(message),
                sender=message.sender,
                message_ids=(message.id,),
            )
            for message in messages
        ]
    by_sender = [list(group) for _, group in groupby(messages, key=lambda message: message.sender)]
    room = max(1, max_map_length - len(by_sender))
    least = math.ceil(len(messages) / room)
    chunks = [
        chunk
        for group in by_sender
        for chunk in pieces(group, max(least, min(chunk_size, _even_size(len(group), rates.get(group[0].sender, 0)))))
    ]
    return [
        Batch(
            label=f"chunk {number} of {len(chunks)} · {len(chunk)} message{'s' if len(chunk) > 1 else ''}",
            sender=chunk[0].sender,
            message_ids=tuple(message.id for message in chunk),
        )
        for number, chunk in enumerate(chunks, start=1)
    ]


def _label(message: QueuedMessage) -> str:
    """What tells one message from the others of its partner."""
    whom = clean(message.partner_name, "Partner", LONGEST_NAME)
    what = shown(message.design_name, LONGEST_NAME)
    return " · ".join(part for part in (whom, what, message.about) if part)


def _even_size(messages: int, rate: float) -> int:
    """How many messages each of the processes gets that are needed to send as fast as the number may."""
    # Messages that leave within a second need no second process.
    return math.ceil(messages / math.ceil(max(1.0, min(rate, messages)) / PER_PROCESS))
