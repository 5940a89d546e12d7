"""What a message is on its way: decided, queued, claimed, settled (values only; their reprs show no phone number)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from partner_messages.config.settings import Delivery
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import Tick


def reminder_context_id(production_run_id: str, day: dt.date) -> str:
    """The key under which a run's reminder is unique on a day (the seed's deduplication key)."""
    return f"{production_run_id}:reminder:{day.isoformat()}"


def digest_context_id(partner_id: str, day: dt.date, number: int = 1) -> str:
    """The key under which a partner's digest is unique; further ones of the day are numbered from 2."""
    return f"{partner_id}:digest:{day.isoformat()}{f':{number}' if number > 1 else ''}"


def event_context_id(production_run_id: str, event: str, partner_id: str | None) -> str:
    """The key under which a lifecycle event is unique within an hour; a cancel never meets its assign there."""
    return f"{production_run_id}:{event}:{partner_id or ''}"


_AS_THE_PARENT = (
    *("production_run_id", "partner_id", "design_id", "event_name"),
    *("sender", "to_phone", "language"),
)
"""What a follow-up has of the message that it follows."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One decision: a message to queue, or a skip with its reason.

    The fields are the columns of `message_log` that planning fills; `production_run_ids` are the runs that the message
    speaks of and whose slot of the day it takes. An event holds its context from `decided_at` until an hour after it
    may leave. Where the `day` is not the tick's, it is the one on which the message comes due. `adopts` is the queued
    message that this one takes over: if that is queued no more, there is nothing to write.
    """

    context_type: str
    context_id: str
    message_kind: str
    production_run_ids: tuple[str, ...]
    reminder_kind: ReminderKind | None = None
    production_run_id: str | None = None
    partner_id: str | None = None
    design_id: str | None = None
    event_name: str | None = None
    event_id: str | None = None
    decided_at: dt.datetime | None = None
    parent_id: uuid.UUID | None = None
    sender: str | None = None
    to_phone: str | None = field(default=None, repr=False)
    language: str | None = None
    template_name: str | None = None
    variables: dict[str, str] | None = None
    body_text: str | None = None
    image_url: str | None = None
    not_before: dt.datetime | None = None
    day: dt.date | None = None
    skip_reason: SkipReason | None = None
    duplicate_of: uuid.UUID | None = None
    adopts: uuid.UUID | None = None
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def reminder(cls, production_run_id: str, day: dt.date, **columns: Any) -> Self:
        """Of one run; one for each day."""
        return cls(
            context_type="production_run",
            context_id=reminder_context_id(production_run_id, day),
            message_kind="reminder",
            production_run_ids=(production_run_id,),
            production_run_id=production_run_id,
            **columns,
        )

    @classmethod
    def digest(cls, partner_id: str, production_run_ids: Iterable[str], context_id: str, **columns: Any) -> Self:
        """Of several runs of one partner; `context_id` is from `digest_context_id`."""
        return cls(
            context_type="partner",
            context_id=context_id,
            message_kind="digest",
            production_run_ids=tuple(production_run_ids),
            partner_id=partner_id,
            **columns,
        )

    @classmethod
    def event(cls, production_run_id: str, event_name: str, partner_id: str | None, **columns: Any) -> Self:
        """Of what has happened to a run; one for each run, event and partner within an hour."""
        return cls(
            context_type="production_run",
            context_id=event_context_id(production_run_id, event_name, partner_id),
            message_kind="event",
            production_run_ids=(production_run_id,),
            production_run_id=production_run_id,
            partner_id=partner_id,
            event_name=event_name,
            **columns,
        )

    @classmethod
    def followup(cls, parent: Followed, **columns: Any) -> Self:
        """What follows a message, to the same phone; one for each message."""
        # A reminder's context is one of the day; an event's may come again.
        of_one = f":{parent.id}" if parent.message_kind == "event" else ""
        return cls(
            context_type="production_run",
            context_id=f"{parent.context_id}:image{of_one}",
            message_kind="followup",
            production_run_ids=(parent.production_run_id,),
            parent_id=parent.id,
            **{name: getattr(parent, name) for name in _AS_THE_PARENT},
            **columns,
        )


@dataclass(frozen=True, slots=True)
class SlotHolder:
    """The message that holds a run's slot of the day; an event may have asked for it, whatever the cadence says.

    Where it `waits`, it is sent by `message_log_upkeep` when it comes due, unless another run takes it over.
    """

    id: uuid.UUID
    status: str
    tick_id: str
    asked_by_event: bool = False
    waits: bool = False


@dataclass(frozen=True)
class StandingDigest:
    """A digest of the day that holds its context, and the slots of the runs that it speaks of."""

    id: uuid.UUID
    context_id: str
    partner_id: str
    status: str
    production_run_ids: frozenset[str]


@dataclass(frozen=True)
class EventHolder:
    """The message that an event has had already, or that holds its hour."""

    id: uuid.UUID
    status: str
    dag_run_id: str

    def is_in_the_way_of(self, tick: Tick) -> bool:
        """Whether a tick must not send another one: its own DAG run may take up again what it has queued."""
        return not (self.status == MessageStatus.QUEUED and self.dag_run_id == tick.dag_run_id)


@dataclass(frozen=True)
class Followed:
    """A message that Meta took and that a follow-up may follow; the fields are columns of `message_log`."""

    id: uuid.UUID
    delivery: Delivery
    context_id: str
    message_kind: str
    event_name: str | None
    production_run_id: str
    partner_id: str
    design_id: str | None
    sender: str
    to_phone: str = field(repr=False)
    language: str
    template_name: str
    variables: Mapping[str, str]


MOST_BROKEN = 2
"""Promises of one stall that may be broken before a person is called and no further one is taken."""


@dataclass(frozen=True)
class Promise:
    """A promise that is open.

    Attributes:
        id: The row.
        production_run_id: The run.
        partner_id: Who has promised.
        kind: With `since`, the stall that it is about; None where none was known.
        since: Since when the run stood still.
        due_on: By which day it will have moved.
        state: `open`.
        made_at: When it was said.
        source: `answer`, or `told_us`: a person has entered it.
    """

    id: uuid.UUID
    production_run_id: str
    partner_id: str
    kind: str | None
    since: dt.datetime | None
    due_on: dt.date
    state: str
    made_at: dt.datetime
    source: str

    def is_about(self, kind: str | None, partner_id: str | None, since: dt.datetime) -> bool:
        """Whether it speaks of this stall: one that was made when none was known speaks of the partner's whatever."""
        if self.partner_id != partner_id:
            return False
        return self.kind is None or (self.kind, self.since) == (kind, since)


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A queued row as dealing needs it; `about` says in a word what it speaks of, and the names may be empty."""

    id: str
    sender: str
    about: str
    partner_name: str
    design_name: str = ""


@dataclass(frozen=True)
class Message:
    """One row of the log, as it was read; the SQL part `held` says which are held.

    `unknown_told_by` is the DAG run that failed for it while it was unknown, `unknown_told_in` the pass of it;
    `settled_by` is who said by hand what became of it.
    """

    id: uuid.UUID
    tick_id: uuid.UUID
    status: str
    skip_reason: str | None
    delivery: str
    day: dt.date
    sender: str
    to_phone: str = field(repr=False)
    partner_id: str
    production_run_id: str | None
    reminder_kind: ReminderKind | None
    event_name: str | None
    parent_id: uuid.UUID | None
    language: str
    template_name: str | None
    variables: Mapping[str, str]
    body_text: str | None
    image_url: str | None = field(repr=False)
    message_kind: str
    not_before: dt.datetime | None
    held: bool
    claimed_at: dt.datetime | None
    attempts: int
    error_code: int | None
    error_detail: str | None
    unknown_told_by: str | None = None
    unknown_told_in: int | None = None
    settled_by: str | None = None


@dataclass(frozen=True)
class Claimed:
    """A message that this process, and no other, may send now.

    `attempts` counts this one.
    """

    id: uuid.UUID
    attempts: int
    delivery: str
    message_kind: str
    to_phone: str = field(repr=False)
    partner_id: str
    production_run_id: str | None
    language: str
    template_name: str | None
    variables: Mapping[str, str]
    image_url: str | None = field(repr=False)


SETTLED = (MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.QUEUED)
"""What may become of a claimed message."""


@dataclass(frozen=True)
class Settlement:
    """What became of one claimed message.

    Attributes:
        id: The message.
        status: One of `SETTLED`; queued means Meta certainly did not take it and it may be tried again.
        message_status: For `sent`: what Meta said of it besides, such as that it is held back.
        wait_seconds: For `queued`: not before this many seconds from now.
    """

    id: uuid.UUID
    status: MessageStatus
    meta_message_id: str | None = None
    message_status: str | None = None
    error_code: int | None = None
    error_detail: str | None = None
    wait_seconds: float = 0
