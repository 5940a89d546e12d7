"""The threads that carry requests to Meta, one each, evenly within the sender's rate."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from partner_messages.messages.values import Claimed
from partner_messages.sending.pacing import Pacer
from whatsapp_provider.api.answers import Answer, NotSent, Unknown
from whatsapp_provider.masking import mask

MOST_CONNECTIONS = 64
"""Requests under way at once, at most: one process cannot use more."""
ANSWER_SECONDS = 0.5
"""How long Meta takes to answer, roughly; with the rate it gives how many requests must be under way to keep it."""
LATEST_START = 30.0
"""Seconds after its claim until which a request may leave, should its turn come late after all: the lease has a minute
more than the HTTP time-outs."""
SHARE_SECONDS = 0.02
"""How often a thread looks whether there is a share of the rate again; a process has none only after it slept."""


class SendsMessages(Protocol):
    """What carries one request to Meta (`WhatsAppHook`)."""

    def send_message(self, payload: dict[str, Any]) -> Answer:
        """Send one request, and return Meta's answer."""


def connections_for(per_second: float) -> int:
    """How many requests must be under way at once to reach a rate."""
    return max(1, min(MOST_CONNECTIONS, round(per_second * ANSWER_SECONDS)))


@dataclass(frozen=True)
class Job:
    """A claimed message as a request.

    Attributes:
        message: The message.
        payload: Its request.
        claimed_at: When it was claimed, by a clock that never goes back.
    """

    message: Claimed
    payload: dict[str, Any]
    claimed_at: float

    @property
    def may_still_leave(self) -> bool:
        """Whether its turn came while it still may leave."""
        return time.monotonic() - self.claimed_at <= LATEST_START


class Carriers:
    """Carries jobs and hands back their answers.

    Args:
        hook: Lets one request leave.
        per_second: The rate to keep.

    Attributes:
        pacer: Keeps it.
        width: How many requests may be under way at once.
        under_way: How many are.
        may_leave_until: The moment, by a clock that never goes back, from which on nothing leaves until it is set anew.
    """

    def __init__(self, hook: SendsMessages, per_second: float) -> None:
        self.width = connections_for(per_second)
        self._closed = threading.Event()
        self.pacer = Pacer(per_second, wait=self._closed.wait)
        self.may_leave_until = math.inf
        self.under_way = self._set_off = 0
        self._hook = hook
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Claimed, Answer | None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._told_to_stop = False

    @property
    def free(self) -> int:
        """How many more requests can be under way."""
        return self.width - self.under_way

    @property
    def seconds_to_turn(self) -> float:
        """How long until a job that is added now would be sent, after all jobs before it."""
        return self.pacer.seconds_left + (self._set_off - self.pacer.turns) / self.pacer.per_second

    def start(self, jobs: int) -> None:
        """Start the threads that so many jobs can use.

        All of them before the first claim: where threads are scarce, that must not be found out by a message.
        """
        for number in range(min(self.width, jobs)):
            thread = threading.Thread(target=self._carry, name=f"send-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def set_off(self, job: Job) -> None:
        """Send a job's request when its turn comes."""
        self.under_way += 1
        self._set_off += 1
        self._jobs.put(job)

    def answers(self, timeout: float = math.inf) -> Iterator[tuple[Claimed, Answer | None]]:
        """The answers so far, after waiting that long for one (or until `stop`); None for a job that was not sent."""
        with contextlib.suppress(queue.Empty):
            heard = self._answers.get(timeout=None if timeout == math.inf else timeout)
            while True:
                if heard:
                    self.under_way -= 1
                    yield heard
                heard = self._answers.get_nowait()

    def stop(self) -> None:
        """Let nothing more leave; takes no lock, so a signal handler may call it."""
        self._told_to_stop = True
        self._answers.put(None)

    def close(self) -> None:
        """Let nothing more leave; what waits for its turn comes back at once."""
        self._closed.set()

    def join(self) -> None:
        """End the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _carry(self) -> None:
        while job := self._jobs.get():
            self._answers.put((job.message, self._answer(job)))

    def _take_turn(self) -> None:
        """Wait for a turn within the share of the rate; where the share ran out meanwhile, get another one first."""
        self.pacer.take_turn()
        while not self._has_share and not self._told_to_stop:
            if self._closed.wait(SHARE_SECONDS):
                return
            if self._has_share:
                self.pacer.take_turn()

    @property
    def _has_share(self) -> bool:
        return time.monotonic() < self.may_leave_until

    @property
    def _may_leave(self) -> bool:
        return not self._told_to_stop and not self._closed.is_set() and self._has_share

    def _answer(self, job: Job) -> Answer | None:
        leaves = False
        try:
            self._take_turn()
            leaves = self._may_leave and job.may_still_leave
            return self._hook.send_message(job.payload) if leaves else None
        except BaseException as error:  # Without an answer the work would wait for ever.
            said = mask(f"{type(error).__name__}: {error}")
            return Unknown(said) if leaves else NotSent(said)
