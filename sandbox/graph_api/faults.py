"""What goes wrong to order: the next requests that match are refused, lost, left hanging or answered with nonsense."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from sandbox.graph_api.routes import Operation


class FaultKind(StrEnum):
    """How a request goes wrong."""

    ERROR = "error"  # Meta's envelope with a code of one's choice
    NOT_JSON = "not_json"  # a proxy's page instead of Meta's answer
    NO_MESSAGE_ID = "no_message_id"  # 200, but no message in it
    HELD_BACK = "held_back"  # taken, and Meta says that it holds it back
    HANG = "hang"  # no answer for a while
    DROP = "drop"  # the connection is cut without an answer


@dataclass
class Fault:
    """One order.

    Attributes:
        kind: How it goes wrong.
        times: How many matching requests are left to go wrong.
        skip: How many matching requests go well before that.
        operation: Only this kind of request; None for any.
        object_id: Only requests about this id (a phone number id, a WABA id, ...); None for any.
        to: Only messages to this number (digits count, not their writing); None for any.
        taken: The request is carried out before it goes wrong.
        code: For an error: Meta's code.
        details: For an error: the details; None for Meta's usual ones.
        subcode: For an error: Meta's subcode.
        transient: For an error: Meta says that it will pass (`is_transient`).
        message_status: For a template message that is held back: what Meta says instead of `accepted`.
        status: HTTP status; None for the usual one (502 for a page that is no JSON).
        retry_after: Value of a `Retry-After` header; None for none.
        seconds: For a hang: how long. Then the request is answered as usual.
        number: Identifies the order.
    """

    kind: FaultKind
    times: int = 1
    skip: int = 0
    operation: Operation | None = None
    object_id: str | None = None
    to: str | None = None
    taken: bool = False
    code: int = 131000
    details: str | None = None
    subcode: int | None = None
    transient: bool = False
    message_status: str = "held_for_quality_assessment"
    status: int | None = None
    retry_after: str | None = None
    seconds: float = 60.0
    number: int = field(default_factory=count(1).__next__)

    def matches(self, operation: Operation | None, object_id: str | None, to: str | None) -> bool:
        """Whether this request is meant."""
        return (
            self.operation in (None, operation)
            and self.object_id in (None, object_id)
            and (self.to is None or digits(self.to) == digits(to or ""))
        )


def digits(number: str) -> str:
    """The digits of a phone number."""
    return "".join(filter(str.isdigit, number))


class Faults:
    """The orders that are open, and the requests that hang because of them."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self._released = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.hanging = 0

    @property
    def for_recipients(self) -> bool:
        """Whether an open order names a recipient (the body has to be read to know who is meant)."""
        return any(order.to is not None for order in self.orders)

    def order(self, fault: Fault) -> None:
        """Add an order; the oldest that matches goes first."""
        self.orders.append(fault)

    def next_for(self, operation: Operation | None, object_id: str | None, to: str | None) -> Fault | None:
        """The order that this request meets, counted off; None when all goes well."""
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
        """Hold a request until it is released, its time is up or its caller has gone.

        Args:
            seconds: The longest it takes.
            gone: Done when the caller has closed the connection.
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
            at_least: The fewest.
            at_most: The most.
            timeout: Seconds after which the answer is what it is.

        Returns:
            How many hang.
        """
        async with self._arrived:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait_for(lambda: at_least <= self.hanging <= at_most), timeout)
        return self.hanging

    def release(self) -> None:
        """Let every request that hangs go on now."""
        self._released.set()
        self._released = asyncio.Event()

    def clear(self) -> None:
        """Forget all orders and release what hangs."""
        self.orders.clear()
        self.release()
