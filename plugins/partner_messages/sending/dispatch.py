"""Sends queued messages: guard, claim, let go, request, settle, for as many at once as the sender's rate allows.

One thread talks to the message log; the others each carry one request (`carriers`). None of them is the main thread,
because signals and Airflow's time-out strike there, at any line: it only waits. Whatever ends the work (a guard that
closes, a stopped sender, a time-out, a signal, a lost database), requests under way are waited for and their answers
written down first.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from partner_messages.config.ends import TryLater
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.ledger import Ledger
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import RunPass
from partner_messages.messages.values import Claimed, Settlement
from partner_messages.sending.carriers import Carriers, Job, SendsMessages
from partner_messages.sending.gate import SenderGate, sender_stopped
from partner_messages.sending.payload import no_request
from partner_messages.sending.share import RateShare
from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Refused, Unknown
from whatsapp_provider.api.errors import TOO_FAST, Action, next_step
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.masking import mask_phone, mask_wamid, plain

log = logging.getLogger(__name__)

AHEAD_SECONDS = 0.25
"""How long before its turn a message is claimed, at most: enough to bridge the round trips of a claim, and little to
hold up in a crash."""
LOTS_A_SECOND = 80
"""Lots of requests that are let go in a second, at most, where a commit takes no time. What was let go is what a crash
leaves in doubt: at an ordinary number's rate each request goes by itself, and a faster one pays for no more commits."""
COMMITS_BETWEEN = 4
"""How many commits may come between two lots that are let go; where one takes long, more must go at a time."""
LOTS_AHEAD = 4
"""How many lots may be let go before their turn, at most, however long a commit takes: a slow database slows sending
down, and does not put more in doubt."""
IN_VAIN = 3
"""Requests in a row that were not sent, not answered or put off, before the rest is left for a later try."""
LOOK_AGAIN_SECONDS = 0.5
"""How often a task looks whether another task's probe of a stopped sender has been answered."""


class MetaUnreachable(TryLater):
    """Meta takes nothing at the moment (no route, no answers, not now); the messages stay queued for a later try."""


def seconds_ahead(per_second: float, commit_seconds: float) -> float:
    """How long before its turn a request is let go, at most.

    Args:
        per_second: The rate.
        commit_seconds: How long the last commit took.
    """
    of_a_lot = max(0.0, 1 / LOTS_A_SECOND - 1 / per_second)
    return min(LOTS_AHEAD / LOTS_A_SECOND, 2 * of_a_lot + COMMITS_BETWEEN * commit_seconds)


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


@dataclass
class Dispatch:
    """One task's sending.

    Attributes:
        connection: The message log.
        hook: Carries the requests.
        sender: The one sender of all the messages.
        run: The pass of the DAG run, for stopped senders.
        payload: Builds a message's request from its row.
        guard: Called before every claim; raises where nothing may leave now.
        ledger: What the task has claimed and was told.
        per_second: The sender's rate, of which this task uses what others leave to it.
        template_refused: Told of a template that Meta refuses, once the message that met it is settled.
        unwell: Asked after every failure: the code and the reason for which the sender is left alone, if it is.
    """

    connection: LogConnection
    hook: SendsMessages
    sender: Sender
    run: RunPass
    payload: Callable[[Claimed], dict[str, Any]]
    guard: Callable[[], None]
    ledger: Ledger
    per_second: float
    template_refused: Callable[[TemplateRefusal], None]
    unwell: Callable[[], tuple[int | None, str] | None]

    def __post_init__(self) -> None:
        self._carriers = Carriers(self.hook, self.per_second)
        self._gate = SenderGate(self.connection, self.sender.label, self.run, self.ledger.token, self.ledger.lease)
        self._share = RateShare(self.connection, self.sender.phone_number_id, self.per_second, self.ledger.token)
        self._pending: deque[uuid.UUID] = deque()
        self._too_late: list[uuid.UUID] = []
        self._claims_until = math.inf
        self._here: deque[Job] = deque()
        self._waiting: dict[uuid.UUID, float] = {}
        self._refusals: dict[uuid.UUID, int] = {}
        self._templates_refused: list[TemplateRefusal] = []
        self._in_vain = 0
        self._commit_seconds = 0.0
        self._sender_works = self._told_to_stop = self._finished = self._failed = False
        self._sender_refused: tuple[int | None, str] | None = None
        self._ending: BaseException | None = None

    def send(self, ids: Sequence[uuid.UUID], *, within: float = math.inf) -> list[uuid.UUID]:
        """Send these messages, those of them that are queued and due.

        Args:
            ids: The messages.
            within: Seconds after which none is claimed any more for the first time.

        Returns:
            Those for which the time did not suffice.

        Raises:
            NotNow: A guard closed (from `guard`).
            SenderStopped: Meta refuses the sender as a whole.
            MetaUnreachable: Meta takes nothing at the moment.
        """
        self._pending.extend(ids)
        self._claims_until = time.monotonic() + within
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
                at_work.acquire(timeout=2 * self.ledger.lease.total_seconds())
            raise
        worker.join()
        if self._ending:
            raise self._ending
        return self._too_late

    def stop(self) -> None:
        """Claim nothing more and let nothing more leave; takes no lock, so a signal handler may call it."""
        self._told_to_stop = True
        self._carriers.stop()

    def _work(self, at_work: threading.Lock) -> None:
        for step in (self._send_pending, self._finish):
            try:
                step()
            except BaseException as error:
                self._end(error)
            self._carriers.close()
        self._finished = True
        at_work.release()

    def _send_pending(self) -> None:
        self._carriers.start(len(self._pending))
        while not (self._told_to_stop or self._ending) and (self._pending or self._waiting or self._claimed):
            self._wake_waiting()
            self._leave_what_is_too_late()
            self._look_at_share()
            self._hear_answers(
                timeout=min(self._claim(), self._let_go(), self._seconds_to_wake(), self._share.seconds_to_look)
            )
            self._settle()

    def _finish(self) -> None:
        """Give back what has not left, wait for what is under way and write it down, whatever ended the work."""
        while self._here:
            self.ledger.note(Settlement(self._here.popleft().message.id, MessageStatus.QUEUED))
        while self._carriers.under_way:
            with self._going_on():
                self._hear_answers()
                self._settle()
        with self._going_on():
            self._settle()
            self._gate.leave()
            self._share.give_back(self._carriers.pacer.seconds_left)
        self.ledger.save(self.connection)
        self._carriers.join()

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

    def _leave_what_is_too_late(self) -> None:
        if self._pending and time.monotonic() >= self._claims_until:
            self._too_late += [id_ for id_ in self._pending if id_ not in self._refusals]
            self._pending = deque(id_ for id_ in self._pending if id_ in self._refusals)

    def _look_at_share(self) -> None:
        left = len(self._pending) + len(self._waiting) + self._claimed
        if left and self._share.look(left) and self._share.per_second:
            self._carriers.pacer.keep_to(self._share.per_second)
            self._carriers.may_leave_until = self._share.until

    @property
    def _claimed(self) -> int:
        """How many messages are claimed and without an answer."""
        return len(self._here) + self._carriers.under_way

    def _claim(self) -> float:
        """Claim what will be due soon; return for how many seconds there is nothing to claim (or until an answer)."""
        if not (self._pending and self._share.per_second):
            return math.inf
        # A message that is claimed now is sent after all that were claimed before it.
        rate = self._carriers.pacer.per_second
        seconds = self._carriers.seconds_to_turn + len(self._here) / rate
        if seconds > AHEAD_SECONDS / 2:
            return seconds - AHEAD_SECONDS / 2
        width = self._carriers.width
        free = width - self._claimed
        if free < min(len(self._pending), max(1, width // 4)):  # A claim for less is not worth its round trips.
            return math.inf
        self.guard()
        room = min(free, max(1, int((AHEAD_SECONDS - seconds) * rate)))
        allowed = self._gate.lets_pass(room, self._claimed)
        if not allowed:
            return math.inf if self._claimed else LOOK_AGAIN_SECONDS
        ids = [self._pending.popleft() for _ in range(min(allowed, len(self._pending)))]
        now = time.monotonic()
        for message in self.ledger.claim(self.connection, ids):
            try:
                payload = self.payload(message)
            except Exception as error:  # A row that cannot become a request must not stop the others.
                log.exception("Message %s cannot be put into a request.", message.id)
                self._write_down(message, MessageStatus.FAILED, error_detail=no_request(error))
            else:
                self._here.append(Job(message, payload, now))
        return 0.0

    def _let_go(self) -> float:
        """Let go what is due now; return for how many seconds nothing is (or until an answer)."""
        if not (self._here and self._carriers.free and self._share.per_second):
            return math.inf
        rate, seconds = self._carriers.pacer.per_second, self._carriers.seconds_to_turn
        ahead = seconds_ahead(rate, self._commit_seconds)
        if seconds > ahead / 2:
            return seconds - ahead / 2
        room = max(1, int((ahead - seconds) * rate))
        jobs = [self._here.popleft() for _ in range(min(room, self._carriers.free, len(self._here)))]
        began = time.monotonic()
        may_leave = self.ledger.let_go(self.connection, [job.message.id for job in jobs])
        self._commit_seconds = time.monotonic() - began
        for job in jobs:
            if job.message.id in may_leave:
                self._carriers.set_off(job)
            else:
                log.warning(
                    "Message %s is not ours any more: it was taken back while this process slept.", job.message.id
                )
        return 0.0

    # Answers

    def _hear_answers(self, timeout: float = math.inf) -> None:
        for message, answer in self._carriers.answers(timeout):
            self._judge(message, answer)

    def _judge(self, message: Claimed, answer: Answer | None) -> None:
        """Decide what follows from an answer: for its message, for the sender, for the rest of the work."""
        whom = f"{message.template_name or message.message_kind} -> {mask_phone(message.to_phone)}"
        match answer:
            case None:
                self._pending.append(message.id)
                self._write_down(message, MessageStatus.QUEUED)
            case Accepted(message_id=wamid, message_status=status):
                # With the row's id: if the message log loses the answer, only this line of the log has it.
                log.info("%s: %s (%s, message %s).", whom, status or "accepted", mask_wamid(wamid), message.id)
                self._sender_works, self._in_vain = True, 0
                self._write_down(message, MessageStatus.SENT, meta_message_id=wamid, message_status=status)
            case Unknown(reason=reason):
                log.error("%s: unknown (%s).", whom, plain(reason))
                self._note_vain(f"No answer comes from {self.sender.host}: {reason}")
                self._write_down(message, MessageStatus.UNKNOWN, error_detail=reason)
            case NotSent(reason=reason, retry_after=wait):
                log.warning("%s: not sent (%s).", whom, plain(reason))
                self._note_vain(f"No request reaches {self.sender.host}: {reason}", at_once=bool(wait))
                self._pending.append(message.id)
                self._write_down(message, MessageStatus.QUEUED, error_detail=reason, wait_seconds=wait or 0)
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
                self._end(
                    sender_stopped(f"Sender {self.sender.label} is stopped: {said}. {meaning.advice}", answer.code)
                )
            case Action.RETRY_NOW:
                self._waiting[message.id] = time.monotonic() + step.seconds
                if answer.code == TOO_FAST:
                    self._carriers.pacer.slow_down(answer.retry_after or 0)
            case Action.RETRY_LATER:
                self._note_vain(f"Meta takes no messages of sender {self.sender.label} now: {said}")
        if step.action is not Action.STOP_SENDER:  # Whatever else Meta says, it says to a sender that it knows.
            self._sender_works = True
        if step.action is not Action.RETRY_LATER:
            self._in_vain = 0
        self._write_down(
            message,
            MessageStatus.FAILED if step.action is Action.GIVE_UP else MessageStatus.QUEUED,
            error_code=answer.code,
            error_detail=said,
            # This task waits for a short pause itself; a longer one is written into the row (`not_before`).
            wait_seconds=step.seconds if step.action is Action.RETRY_LATER else 0,
        )

    def _note_vain(self, said: str, *, at_once: bool = False) -> None:
        self._in_vain += 1
        if at_once or self._in_vain >= IN_VAIN:
            self._end(MetaUnreachable(said))

    def _end(self, error: BaseException) -> None:
        self._ending = self._ending or error

    # Settling

    def _write_down(self, message: Claimed, status: MessageStatus, **what: Any) -> None:
        self._failed = self._failed or status in (MessageStatus.FAILED, MessageStatus.UNKNOWN)
        self.ledger.note(Settlement(message.id, status, **what))

    def _settle(self) -> None:
        """Write down all new answers in one statement, then what they say about the sender."""
        self.ledger.write(self.connection)
        while self._templates_refused:
            self.template_refused(self._templates_refused.pop())
        if self._failed and not self._sender_refused and (unwell := self.unwell()):
            self._sender_refused = unwell
            self._end(sender_stopped(f"Sender {self.sender.label} is left alone: {unwell[1]}."))
        self._failed = False
        if self._sender_refused:
            self._gate.stop(*self._sender_refused)
        elif self._sender_works:
            self._gate.works()
        self._sender_works, self._sender_refused = False, None
