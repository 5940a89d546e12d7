"""Sends queued messages: guard, claim, request, settle, for as many at once as the sender's rate allows.

One thread talks to the message log; the others each carry one request. None of them is the main thread, because
signals and Airflow's time-out strike there, at any line: it only waits. Whatever ends the work (a guard that closes, a
stopped sender, a time-out, a signal, a lost database), requests under way are waited for and their answers written
down first.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import math
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from partner_messages.messages import outbox
from partner_messages.messages.database import LogConnection, open_message_log
from partner_messages.messages.stops import RunAttempt
from partner_messages.messages.values import Claimed, Settlement
from partner_messages.recipients.masking import mask, mask_phone, mask_wamid, plain
from partner_messages.whatsapp.answers import Accepted, Answer, NotSent, Refused, Unknown
from partner_messages.whatsapp.errors import TOO_FAST, Action, next_step
from partner_messages.whatsapp.gate import SenderGate, SenderStopped
from partner_messages.whatsapp.pacing import Pacer
from partner_messages.whatsapp.payload import no_request
from partner_messages.whatsapp.senders import Sender

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
"""Requests under way at once, at most: one process cannot use more."""
ANSWER_SECONDS = 0.5
"""How long Meta takes to answer, roughly; with the rate it gives how many requests must be under way to keep it."""
AHEAD_SECONDS = 0.25
"""How long before its turn a message is claimed, at most: enough to bridge the round trips of a claim, and little to
lose in a crash."""
LATEST_START = 30.0
"""Seconds after its claim until which a request may leave, should its turn come late after all: the lease has a minute
more than the HTTP time-outs."""
IN_VAIN = 3
"""Requests in a row that were not sent, not answered or put off, before the rest is left for a later try."""
LOOK_AGAIN_SECONDS = 0.5
"""How often a task looks whether another task's probe of a stopped sender has been answered."""
RECONNECT_PAUSES = (0, 1, 2, 4, 8)
"""Seconds before each try to write down answers after the database was lost."""


class MetaUnreachable(Exception):
    """Meta takes nothing at the moment (no route, no answers, not now); the messages stay queued for a later try."""


class SendsMessages(Protocol):
    """What carries one request to Meta (`WhatsAppHook`)."""

    def send_message(self, payload: dict[str, Any]) -> Answer:
        """Let one request leave, and say what became of it."""


def connections_for(per_second: float) -> int:
    """How many requests must be under way at once to reach a rate."""
    return max(1, min(MOST_CONNECTIONS, round(per_second * ANSWER_SECONDS)))


@dataclass(frozen=True)
class TemplateRefusal:
    """A template that cannot be sent in a language on the sender's account, as Meta said of a message.

    Attributes:
        name: The template.
        language: Its language.
        code: Meta's.
        said: What it means, masked.
    """

    name: str
    language: str
    code: int
    said: str


@dataclass(frozen=True)
class _Job:
    """A claimed message on its way to the thread that carries it."""

    message: Claimed
    payload: dict[str, Any]
    claimed_at: float


@dataclass
class Dispatch:
    """One task's sending.

    Attributes:
        connection: The message log.
        hook: Carries the requests.
        sender: The one sender of all the messages.
        attempt: The DAG run's pass, for stopped senders.
        payload: Builds a message's request from its row.
        guard: Called before every claim; raises where nothing may leave now.
        lease: How long a claim belongs to its claimer.
        per_second: This task's share of the sender's rate.
        template_refused: Told of a template that Meta refuses, once the message that met it is settled.
        clock: The wall clock, by which messages come due.
        unwell: Asked after every failure: the code and the reason for which the sender is left alone, if it is.
        reopen: Opens another session with the message log, should `connection` be lost.
    """

    connection: LogConnection
    hook: SendsMessages
    sender: Sender
    attempt: RunAttempt
    payload: Callable[[Claimed], dict[str, Any]]
    guard: Callable[[], None]
    lease: dt.timedelta
    per_second: float
    template_refused: Callable[[TemplateRefusal], None]
    clock: Callable[[], dt.datetime]
    unwell: Callable[[], tuple[int | None, str] | None]
    reopen: Callable[[], AbstractContextManager[LogConnection]] = open_message_log
    token: uuid.UUID = field(default_factory=uuid.uuid4)

    def __post_init__(self) -> None:
        self._width = connections_for(self.per_second)
        self._ended = threading.Event()
        self._pacer = Pacer(self.per_second, wait=self._ended.wait)
        self._gate = SenderGate(self.connection, self.sender.label, self.attempt, self.token, self.lease)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Claimed, Answer | None] | None] = queue.SimpleQueue()
        self._pending: deque[uuid.UUID] = deque()
        self._waiting: dict[uuid.UUID, float] = {}
        self._refusals: dict[uuid.UUID, int] = {}
        self._unsettled: list[Settlement] = []
        self._templates_refused: list[TemplateRefusal] = []
        self._carriers: list[threading.Thread] = []
        self._under_way = self._set_off = self._in_vain = 0
        self._sender_works = self._told_to_stop = self._finished = self._failed = False
        self._sender_refused: tuple[int | None, str] | None = None
        self._ending: BaseException | None = None

    def send(self, ids: Sequence[uuid.UUID]) -> None:
        """Send these messages, those of them that are queued and due.

        Raises:
            NotNow: A guard closed (from `guard`).
            SenderStopped: Meta refuses the sender as a whole.
            MetaUnreachable: Meta takes nothing at the moment.
        """
        self._pending.extend(ids)
        # Not `Thread.join`: until Python 3.12, once interrupted, it takes a thread for ended that is still at work.
        at_work = threading.Lock()
        at_work.acquire()
        worker = threading.Thread(target=self._work, args=(at_work,), name="dispatch", daemon=True)
        try:
            worker.start()
            at_work.acquire()
        except BaseException:  # It struck this thread alone: a time-out, Ctrl-C.
            self.stop()
            if worker.ident and not self._finished:
                at_work.acquire(timeout=self.lease.total_seconds())
            raise
        worker.join()
        if self._ending:
            raise self._ending

    def stop(self) -> None:
        """Claim nothing more and let nothing more leave; takes no lock, so a signal handler may call it."""
        self._told_to_stop = True
        self._answers.put(None)

    def _work(self, at_work: threading.Lock) -> None:
        for step in (self._send_pending, self._finish):
            try:
                step()
            except BaseException as error:
                self._end(error)
            self._ended.set()
        self._finished = True
        at_work.release()

    def _send_pending(self) -> None:
        # All of them before the first claim: where threads are scarce, that must not be found out by a message.
        for number in range(min(self._width, len(self._pending))):
            carrier = threading.Thread(target=self._carry, name=f"send-{number}", daemon=True)
            carrier.start()
            self._carriers.append(carrier)
        while not (self._told_to_stop or self._ending) and (self._pending or self._waiting or self._under_way):
            self._wake_waiting()
            self._hear_answers(timeout=min(self._claim(), self._seconds_to_wake()))
            self._settle()

    def _finish(self) -> None:
        """Wait for what is under way and write it down, whatever ended the work."""
        while self._under_way:
            with self._going_on():
                self._hear_answers()
                self._settle()
        with self._going_on():
            self._gate.leave()
        if self._unsettled:
            self._settle_elsewhere()
        for _ in self._carriers:
            self._jobs.put(None)
        for carrier in self._carriers:
            carrier.join()

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._end(error)

    # Claiming

    def _wake_waiting(self) -> None:
        now = time.monotonic()
        for id_ in [id_ for id_, due in self._waiting.items() if due <= now]:
            del self._waiting[id_]
            self._pending.append(id_)

    def _seconds_to_wake(self) -> float:
        return max(0.0, min(self._waiting.values(), default=math.inf) - time.monotonic())

    def _claim(self) -> float:
        """Claim and set off what there is room for; return for how many seconds there will be none (or an answer)."""
        if not self._pending:
            return math.inf
        # What is claimed now would leave after all that was claimed before it.
        rate = self._pacer.per_second
        seconds = self._pacer.seconds_left + (self._set_off - self._pacer.turns) / rate
        if seconds > AHEAD_SECONDS / 2:
            return seconds - AHEAD_SECONDS / 2
        free = self._width - self._under_way
        if free < min(len(self._pending), max(1, self._width // 4)):  # A claim for less is not worth its round trips.
            return math.inf
        self.guard()
        room = min(free, max(1, int((AHEAD_SECONDS - seconds) * rate)))
        allowed = self._gate.lets_pass(room, self._under_way)
        if not allowed:
            return math.inf if self._under_way else LOOK_AGAIN_SECONDS
        self._set_off_all([self._pending.popleft() for _ in range(min(allowed, len(self._pending)))])
        return 0.0

    def _set_off_all(self, ids: list[uuid.UUID]) -> None:
        try:
            claimed = outbox.claim(self.connection, ids, self.token, self.clock())
        except Exception:
            # Whether they were claimed is not known; that they were not sent is.
            self._unsettled += [Settlement(id_, "queued") for id_ in ids]
            raise
        now = time.monotonic()
        for message in claimed:
            try:
                payload = self.payload(message)
            except Exception as error:  # A row that cannot become a request must not stop the others.
                log.exception("Message %s cannot be put into a request.", message.id)
                self._write_down(message, "failed", error_detail=no_request(error))
                continue
            self._under_way += 1
            self._set_off += 1
            self._jobs.put(_Job(message, payload, now))

    # Carrying: in threads of its own

    def _carry(self) -> None:
        while job := self._jobs.get():
            self._answers.put((job.message, self._answer(job)))

    def _answer(self, job: _Job) -> Answer | None:
        """One request and what became of it; None where it did not leave because the work ended or it was too late."""
        leaves = False
        try:
            self._pacer.take_turn()
            leaves = not self._told_to_stop and not self._ended.is_set()
            leaves = leaves and time.monotonic() - job.claimed_at <= LATEST_START
            return self.hook.send_message(job.payload) if leaves else None
        except BaseException as error:  # Without an answer the work would wait for ever.
            said = mask(f"{type(error).__name__}: {error}")
            return Unknown(said) if leaves else NotSent(said)

    # Answers

    def _hear_answers(self, timeout: float = math.inf) -> None:
        """Take the answers there are, waiting for one that long (or until `stop`)."""
        with contextlib.suppress(queue.Empty):
            heard = self._answers.get(timeout=None if timeout == math.inf else timeout)
            while True:
                if heard:
                    self._under_way -= 1
                    self._judge(*heard)
                heard = self._answers.get_nowait()

    def _judge(self, message: Claimed, answer: Answer | None) -> None:
        """What an answer means: for its message, for the sender, for the rest of the work."""
        whom = f"{message.template_name or message.message_kind} -> {mask_phone(message.to_phone)}"
        match answer:
            case None:
                self._pending.append(message.id)
                self._write_down(message, "queued")
            case Accepted(message_id=wamid, message_status=status):
                log.info("%s: %s (%s).", whom, status or "accepted", mask_wamid(wamid))
                self._sender_works, self._in_vain = True, 0
                self._write_down(message, "sent", meta_message_id=wamid)
            case Unknown(reason=reason):
                log.error("%s: unknown (%s).", whom, plain(reason))
                self._note_vain(f"No answer comes from {self.sender.host}: {reason}")
                self._write_down(message, "unknown", error_detail=reason)
            case NotSent(reason=reason, retry_after=wait):
                log.warning("%s: not sent (%s).", whom, plain(reason))
                self._note_vain(f"No request reaches {self.sender.host}: {reason}", at_once=bool(wait))
                self._pending.append(message.id)
                self._write_down(message, "queued", error_detail=reason, wait_seconds=wait or 0)
            case Refused():
                self._refused(whom, message, answer)

    def _refused(self, whom: str, message: Claimed, answer: Refused) -> None:
        meaning = answer.meaning
        said = f"{meaning.meaning} ({answer.code}: {answer.details})"
        log.warning("%s: %s.", whom, plain(said))
        self._refusals[message.id] = self._refusals.get(message.id, 0) + 1
        step = next_step(meaning, self._refusals[message.id], answer.retry_after)
        if meaning.template and message.template_name:
            self._templates_refused.append(TemplateRefusal(message.template_name, message.language, answer.code, said))
        match step.action:
            case Action.STOP_SENDER:
                self._sender_refused = answer.code, said
                self._end(SenderStopped(f"Sender {self.sender.label} is stopped: {said}. {meaning.advice}"))
            case Action.RETRY_NOW:
                self._waiting[message.id] = time.monotonic() + step.seconds
                if answer.code == TOO_FAST:
                    self._pacer.slow_down(answer.retry_after or 0)
            case Action.RETRY_LATER:
                self._note_vain(f"Meta takes no messages of sender {self.sender.label} now: {said}")
        if step.action is not Action.STOP_SENDER:  # Whatever else Meta says, it says to a sender that it knows.
            self._sender_works = True
        if step.action is not Action.RETRY_LATER:
            self._in_vain = 0
        self._write_down(
            message,
            "failed" if step.action is Action.GIVE_UP else "queued",
            error_code=answer.code,
            error_detail=said,
            # A wait in this task is this task's to keep; a longer one is kept by the row.
            wait_seconds=step.seconds if step.action is Action.RETRY_LATER else 0,
        )

    def _note_vain(self, said: str, *, at_once: bool = False) -> None:
        self._in_vain += 1
        if at_once or self._in_vain >= IN_VAIN:
            self._end(MetaUnreachable(said))

    def _end(self, error: BaseException) -> None:
        self._ending = self._ending or error

    # Settling

    def _write_down(self, message: Claimed, status: Any, **what: Any) -> None:
        self._failed = self._failed or status in ("failed", "unknown")
        self._unsettled.append(Settlement(message.id, status, **what))

    def _settle(self) -> None:
        """Write down what was heard, in one statement, then what it says of the sender."""
        if self._unsettled:
            outbox.settle(self.connection, self.token, self._unsettled, self.clock())
            self._unsettled.clear()
        while self._templates_refused:
            self.template_refused(self._templates_refused.pop())
        if self._failed and not self._sender_refused and (unwell := self.unwell()):
            self._sender_refused = unwell
            self._end(SenderStopped(f"Sender {self.sender.label} is left alone: {unwell[1]}."))
        self._failed = False
        if self._sender_refused:
            self._gate.stop(*self._sender_refused)
        elif self._sender_works:
            self._gate.works()
        self._sender_works, self._sender_refused = False, None

    def _settle_elsewhere(self) -> None:
        """Write down what could not be written over the session that was lost; without it, it would be unknown."""
        for pause in RECONNECT_PAUSES:
            time.sleep(pause)
            try:
                with self.reopen() as connection:
                    outbox.settle(connection, self.token, self._unsettled, self.clock())
            except Exception as error:
                log.warning("%d answers cannot be written down yet: %s", len(self._unsettled), mask(str(error)))
            else:
                self._unsettled.clear()
                return
