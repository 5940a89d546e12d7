"""Send the webhooks: signed POSTs to every subscribed app, retried until it answers 200.

As at Meta: a webhook may arrive before or after the answer to the request that caused it; several are sent in parallel;
each is sent at least once. Without a 200 within a few seconds it is retried at once, then at growing intervals for a
week, then dropped. Intervals are by the server's clock, which tests move.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any, Final

import httpx

from sandbox.graph_api.agenda import Agenda
from sandbox.graph_api.clock import Clock, iso
from sandbox.graph_api.subscriptions import Subscriptions, Target
from sandbox.graph_api.webhook_body import MAX_UPDATES, SIGNATURE_HEADER, encode, envelope, items, signature
from sandbox.graph_api.webhook_changes import Change

HOUR = 3_600.0
RETRY_DELAYS: Final = (0.0, 15.0, 60.0, 300.0, 900.0, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, *(24 * HOUR,) * 6)
"""Seconds between two tries, seven days in all. Meta documents no numbers."""
ANSWER_SECONDS = 5.0
DEFAULT_STATUS_DELAYS: Final[dict[str, float | None]] = {"sent": 0.0, "delivered": 0.3, "read": 1.5}
"""Seconds from accepting a message to each status, if an app is subscribed."""
MAX_DELIVERIES = 50_000
MAX_CONNECTIONS = 64
OK = 200


class Sequence(StrEnum):
    """The order of held webhooks."""

    AS_IT_WAS = "as_it_was"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


class State(StrEnum):
    """The states of a delivery, as in Meta's message history."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


@dataclass
class WebhookSettings:
    """The webhook settings; tests and demos change them.

    Attributes:
        status_delays: Seconds from taking a message to `sent`, `delivered` and `read`; None for what does not happen by
            itself. None as a whole: `DEFAULT_STATUS_DELAYS` where somebody listens; where nobody does, a message is
            sent at once and stays so.
        retry_delays: Seconds between tries; after the last one a webhook is dropped.
        answer_seconds: The receiver's time to answer, in real seconds.
        leave_out: Names of `webhook_changes.OPTIONAL_KEYS` that are left out. Since version 24 of the webhooks Meta
            leaves out `conversation`.
        times: How often each POST is sent, whatever the answer.
    """

    status_delays: dict[str, float | None] | None = None
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    answer_seconds: float = ANSWER_SECONDS
    leave_out: frozenset[str] = frozenset({"conversation"})
    times: int = 1


@dataclass
class Delivery:
    """A POST with all its tries.

    Attributes:
        number: Its id.
        target: The app and URL.
        changes: Its changes.
        body: Its bytes.
        signature: The signature with the app's secret at that time.
        attempts: The start of each try, and its HTTP status or what happened instead.
        state: Its state.
    """

    number: int
    target: Target
    changes: tuple[Change, ...]
    body: bytes
    signature: str
    attempts: list[tuple[float, int | str]] = field(default_factory=list)
    state: State = State.PENDING

    def as_json(self) -> dict[str, Any]:
        """For people and tests."""
        return {
            "number": self.number,
            "app_id": self.target.app.id,
            "url": self.target.url,
            "fields": sorted({change.field for change in self.changes}),
            "items": sum(map(items, self.changes)),
            "body": self.body.decode("ascii"),
            "content": json.loads(self.body),
            "signature": self.signature,
            "attempts": [{"at": iso(at), "outcome": outcome} for at, outcome in self.attempts],
            "state": self.state,
        }

    def comes_to(self, state: State) -> None:
        """Set the state, also in the history of its messages."""
        self.state = state
        for change in self.changes:
            if change.event is not None:
                change.event.webhook_state = state.value
                change.event.webhook_uri, change.event.app_id = self.target.url, self.target.app.id


class Courier:
    """The HTTP client; one for the life of the server."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def post(self, delivery: Delivery, seconds: float) -> int | str:
        """Make a POST; return the HTTP status of the answer within so many seconds, or what happened instead."""
        if self._client is None:
            # No keep-alive: every POST has a connection of its own.
            limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0)
            self._client = httpx.AsyncClient(trust_env=False, limits=limits)
        headers = {
            "content-type": "application/json",
            "user-agent": "facebookexternalua",
            SIGNATURE_HEADER: delivery.signature,
            "x-hub-signature": "sha1="
            + hmac.new(delivery.target.app.secret.encode(), delivery.body, hashlib.sha1).hexdigest(),
        }
        request = self._client.post(
            delivery.target.url, content=delivery.body, headers=headers, timeout=httpx.Timeout(None)
        )
        try:
            async with asyncio.timeout(seconds):
                return (await request).status_code
        except TimeoutError:
            return f"no answer within {seconds:g} s"
        except httpx.HTTPError as error:
            return type(error).__name__


class Webhooks:
    """The held, running and finished deliveries."""

    def __init__(self, subscriptions: Subscriptions, agenda: Agenda, clock: Clock, courier: Courier) -> None:
        self.settings = WebhookSettings()
        self.paused = False
        self.deliveries: deque[Delivery] = deque(maxlen=MAX_DELIVERIES)
        self._subscriptions = subscriptions
        self._agenda = agenda
        self._clock = clock
        self._courier = courier
        self._numbers = count(1)
        self._held: list[tuple[Target, Change]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)

    @property
    def held(self) -> int:
        """The number of held changes."""
        return len(self._held)

    def tell(self, change: Change) -> None:
        """Send a change to every subscribed app; while paused, hold it."""
        for target in self._subscriptions.targets(change):
            if change.event is not None:
                change.event.webhook_state = State.PENDING.value
            if self.paused:
                self._held.append((target, change))
            else:
                for delivery in self._made(target, (change,), self.settings.times):
                    self._begin(delivery)

    def release(self, sequence: Sequence, batch: int, times: int, seed: int, *, at_once: bool) -> int:
        """Send the held changes and end the pause.

        Args:
            sequence: The order.
            batch: Updates in a POST, at most (1,000 at Meta).
            times: How often each POST is sent.
            seed: The seed for shuffling.
            at_once: Whether to send in parallel, as Meta does; else one after the other.

        Returns:
            The number of POSTs, each counted once.
        """
        held, self._held, self.paused = self._held, [], False
        if sequence is Sequence.REVERSED:
            held.reverse()
        elif sequence is Sequence.SHUFFLED:
            random.Random(seed).shuffle(held)  # noqa: S311 - an order to try out, no secret
        posts = list(_batches(held, min(batch, MAX_UPDATES)))
        made = [delivery for target, changes in posts for delivery in self._made(target, changes, times)]
        if at_once:
            for delivery in made:
                self._begin(delivery)
        else:
            self._run(self._one_by_one(made))
        return len(posts)

    async def quiet(self, seconds: float) -> bool:
        """Wait until all due deliveries were tried.

        Args:
            seconds: The maximum time to wait.

        Returns:
            Whether they were; held changes and future retries are not due.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            self._agenda.run_due()
            left = deadline - asyncio.get_running_loop().time()
            if not self._under_way:
                return True
            if left <= 0:
                return False
            await asyncio.wait(self._under_way, timeout=left)

    def stop(self) -> None:
        """Cancel running deliveries and drop held changes."""
        for task in self._under_way:
            task.cancel()
        self._under_way.clear()
        self._held.clear()

    def _made(self, target: Target, changes: tuple[Change, ...], times: int) -> list[Delivery]:
        body = encode(envelope(changes))
        signed = signature(target.app.secret, body)
        made = [Delivery(next(self._numbers), target, changes, body, signed) for _ in range(times)]
        self.deliveries.extend(made)
        return made

    def _begin(self, delivery: Delivery) -> None:
        self._run(self._try(delivery))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _one_by_one(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            await self._try(delivery)

    async def _try(self, delivery: Delivery) -> None:
        async with self._places:
            began = self._clock.now()
            outcome = await self._courier.post(delivery, self.settings.answer_seconds)
        delivery.attempts.append((began, outcome))
        delays, tried = self.settings.retry_delays, len(delivery.attempts)
        if outcome == OK:
            delivery.comes_to(State.DELIVERED)
        elif tried > len(delays):
            delivery.comes_to(State.FAILED)
        else:
            delivery.comes_to(State.RETRYING)
            self._agenda.at(self._clock.now() + delays[tried - 1], lambda _: self._begin(delivery))


def _batches(held: Iterable[tuple[Target, Change]], batch: int) -> Iterator[tuple[Target, tuple[Change, ...]]]:
    """The changes for each POST: changes for one URL, as many as allowed, in order."""
    open_posts: dict[tuple[str, str], tuple[Target, list[Change]]] = {}
    for target, change in held:
        key = (target.app.id, target.url)
        gathered = open_posts.get(key)
        if gathered is not None and sum(map(items, gathered[1])) + items(change) > batch:
            yield gathered[0], tuple(gathered[1])
            gathered = None
        if gathered is None:
            gathered = open_posts[key] = (target, [])
        gathered[1].append(change)
    for target, changes in open_posts.values():
        yield target, tuple(changes)
