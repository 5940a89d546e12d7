"""A background thread that applies stored webhooks soon after they were answered."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable

from partner_messages.deployment.receiving import Receiving
from partner_messages.message_log.answers import answered_since, may_be_untold
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.silences import listen_to
from partner_messages.webhook.announcing import Announcer
from partner_messages.webhook.apply import apply_backlog
from partner_messages.webhook.sender_ids import SenderIds
from partner_messages.webhook.sessions import SessionPool
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

GROUP_SECONDS = 1.0
"""The wait after the first webhook, so that several are applied in one transaction."""
POLL_SECONDS = 5.0
"""How often it looks, without being woken, for webhooks that another process has stored."""
RETRY_WAITING_SECONDS = 30.0
"""How often it tries again the statuses whose message was not in the log yet."""
NOTE_LISTENING_SECONDS = 60.0
"""How often it notes which senders' webhooks are received (table `listening_to`)."""
TELL_OF_OTHERS_WITHIN = dt.timedelta(minutes=15)
"""How old an answer is at most, if another process has applied it and this one tells Airflow; upkeep comes as often."""


class Applier:
    """A thread that applies stored webhooks.

    Args:
        sessions: Sessions with the message log.
        receiving: Returns the current senders.
        clock: The wall clock.
        poll_seconds: How often it looks without being woken.
    """

    def __init__(
        self,
        sessions: SessionPool,
        receiving: Callable[[], Receiving],
        clock: Callable[[], dt.datetime],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._poll_seconds = poll_seconds
        self._sessions, self._receiving, self._clock = sessions, receiving, clock
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._waiting_retried_at = self._listening_noted_at = 0.0
        self._announcer = Announcer()
        self._knows_what_is_untold = False
        self._answered: frozenset[uuid.UUID] = frozenset()
        self._thread = threading.Thread(target=self._run, name="webhook-applier", daemon=True)

    def start(self) -> None:
        """Start the thread; it begins with what an earlier process has left."""
        self._woken.set()
        self._thread.start()

    def wake(self) -> None:
        """Tell the thread that a webhook was stored."""
        self._woken.set()

    def stop(self) -> None:
        """Stop after the current transaction, and tell Airflow of answers; the next process applies the rest."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout=30)
        self._sessions.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._woken.wait(self._poll_seconds)
                if self._stopping.wait(GROUP_SECONDS):
                    return
                self._woken.clear()
                self.apply_once()
        finally:
            self._announcer.announce_last()

    def apply_once(self) -> None:
        """Apply all stored webhooks, and tell Airflow of answers; after an error they stay for the next time."""
        try:
            self._apply()
        except Exception as error:
            # Neither a lost session nor a bug may end the thread: the webhooks are stored. Some may be applied already.
            self._knows_what_is_untold = False
            log.error("What was stored is not applied yet: %s", mask(f"{type(error).__name__}: {error}"))  # noqa: TRY400
        self._announcer.announce()

    def _apply(self) -> None:
        receiving = self._receiving()
        sender_ids = SenderIds.of(receiving)
        retry_waiting = time.monotonic() - self._waiting_retried_at >= RETRY_WAITING_SECONDS
        with self._sessions.session() as connection:
            self._note_listening(connection, receiving)
            self._ask_what_is_untold(connection)
        done = apply_backlog(self._sessions.session, sender_ids, self._clock, retry_waiting=retry_waiting)
        if retry_waiting:
            self._waiting_retried_at = time.monotonic()
        if done.busy:
            self._waiting_retried_at = 0.0
            self._woken.set()
        if done.webhooks:
            log.info("Applied %s.", done)
        with self._sessions.session() as connection:
            others = self._others_have_applied_answers(connection)
        if done.answers or others:
            self._announcer.answered()

    def _ask_what_is_untold(self, connection: LogConnection) -> None:
        """Ask once for answers that an earlier process, or a pass that broke off, may have told nobody of."""
        if not self._knows_what_is_untold:
            if may_be_untold(connection, self._clock()):
                self._announcer.answered()
            self._answered = self._last_answers(connection)
            self._knows_what_is_untold = True

    def _others_have_applied_answers(self, connection: LogConnection) -> bool:
        """Whether there are answers that no pass has seen: a task that sends may apply some, and tells nobody."""
        before, self._answered = self._answered, self._last_answers(connection)
        return not self._answered <= before

    def _last_answers(self, connection: LogConnection) -> frozenset[uuid.UUID]:
        return answered_since(connection, self._clock() - TELL_OF_OTHERS_WITHIN)

    def _note_listening(self, connection: LogConnection, receiving: Receiving) -> None:
        """Note that a receiver runs, before anything is applied: the check for silent webhooks needs it."""
        if self._listening_noted_at and time.monotonic() - self._listening_noted_at < NOTE_LISTENING_SECONDS:
            return
        listen_to(connection, [number.label for number in receiving.numbers if number.app_secrets], self._clock())
        self._listening_noted_at = time.monotonic()
