"""Faults on demand: the next matching requests are refused, dropped, left hanging or answered wrongly."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import field
from enum import StrEnum
from itertools import count
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from sandbox.graph_api.routes import Operation

MessageStatus = Literal["accepted", "held_for_quality_assessment", "paused"]


class FaultKind(StrEnum):
    """Kinds of faults."""

    ERROR = "error"  # Meta's error answer with a chosen code.
    NOT_JSON = "not_json"  # A proxy's page instead of Meta's answer.
    NO_MESSAGE_ID = "no_message_id"  # 200 without a message id.
    HELD_BACK = "held_back"  # Accepted, but held back by Meta.
    HANG = "hang"  # No answer for a while.
    DROP = "drop"  # The connection is closed without an answer.


@dataclass(config=ConfigDict(extra="forbid"))
class Fault:
    """A fault that is ordered; also the request body of the admin route.

    Attributes:
        kind: The kind of fault.
        times: The number of matching requests that fail.
        skip: The number of matching requests that succeed before.
        operation: Only this operation; None for any.
        object_id: Only requests about this id (a phone number id, a WABA id, ...); None for any.
        to: Only messages to this number (only its digits are compared); None for any.
        taken: The request is processed before the fault.
        code: For an error: Meta's code.
        details: For an error: the details; None for Meta's usual ones.
        subcode: For an error: Meta's subcode.
        transient: For an error: `is_transient`.
        message_status: For a template message that is held back: the status instead of `accepted`.
        status: HTTP status; None for the usual one (502 for a page that is no JSON).
        retry_after: The value of a `Retry-After` header, if any.
        seconds: For a hang: how long; then the request is answered as usual.
        number: The id of the fault.
    """

    kind: FaultKind
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    operation: Operation | None = None
    object_id: str | None = None
    to: str | None = None
    taken: bool = False
    code: int = 131000
    details: str | None = None
    subcode: int | None = None
    transient: bool = False
    message_status: MessageStatus = "held_for_quality_assessment"
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    retry_after: str | None = None
    seconds: Annotated[float, Field(gt=0)] = 60.0
    number: int = field(default_factory=count(1).__next__, init=False)

    def matches(self, operation: Operation | None, object_id: str | None, to: str | None) -> bool:
        """Whether the fault applies to this request."""
        return (
            self.operation in (None, operation)
            and self.object_id in (None, object_id)
            and (self.to is None or digits(self.to) == digits(to or ""))
        )


def digits(number: str) -> str:
    """The digits of a phone number."""
    return "".join(filter(str.isdigit, number))


class Faults:
    """The ordered faults, and the hanging requests."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self._released = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.hanging = 0

    @property
    def for_recipients(self) -> bool:
        """Whether a fault is for a recipient, so that the body of each request has to be read."""
        return any(order.to is not None for order in self.orders)

    def order(self, fault: Fault) -> None:
        """Order a fault; of several matching ones the oldest applies first."""
        self.orders.append(fault)

    def next_for(self, operation: Operation | None, object_id: str | None, to: str | None) -> Fault | None:
        """The fault for this request, counted; None if there is none."""
        for order in self.orders:
            if not order.matches(operation, object_id, to):
                continue
            if order.skip > 0:
                order.skip -= 1
                return None
            order.times -= 1
            if order.times <= 0:
                self.orders.remove(order)
            return order
        return None

    async def hang(self, seconds: float, gone: asyncio.Future[None]) -> None:
        """Hold a request until it is released, its time is up, or the client has closed the connection.

        Args:
            seconds: The maximum time.
            gone: Done when the client has closed the connection.
        """
        released = asyncio.create_task(self._released_once())
        await self._count(1)
        try:
            await asyncio.wait({released, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            released.cancel()
            await self._count(-1)

    async def _released_once(self) -> None:
        await self._released.wait()

    async def _count(self, change: int) -> None:
        async with self._arrived:
            self.hanging += change
            self._arrived.notify_all()

    async def wait_for_hanging(self, at_least: int, at_most: int, timeout: float) -> int:
        """Wait until so many requests hang.

        Args:
            at_least: The minimum.
            at_most: The maximum.
            timeout: Seconds to wait at most.

        Returns:
            The number of hanging requests.
        """
        async with self._arrived:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait_for(lambda: at_least <= self.hanging <= at_most), timeout)
        return self.hanging

    def release(self) -> None:
        """Release all hanging requests."""
        self._released.set()
        self._released = asyncio.Event()

    def clear(self) -> None:
        """Remove all faults and release all hanging requests."""
        self.orders.clear()
        self.release()
