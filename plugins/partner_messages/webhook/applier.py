"""Applies in the background what a receiver has stored, soon after it has answered."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable

from partner_messages.deployment.receiving import Receiving
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.silences import listen_to
from partner_messages.recipients.masking import mask
from partner_messages.webhook.accounts import Numbers
from partner_messages.webhook.announcing import Announcer
from partner_messages.webhook.apply import apply_backlog
from partner_messages.webhook.sessions import Sessions

log = logging.getLogger(__name__)

GATHER_SECONDS = 1.0
"""How long what comes together is gathered: a transaction for many webhooks, not one for each."""
LOOK_SECONDS = 5.0
"""How often it looks by itself for what another process has left."""
WAITING_SECONDS = 30.0
"""How often it looks for the messages of statuses that came before them."""
LISTENING_SECONDS = 60.0
"""How often it notes which senders' webhooks are taken."""


class Applier:
    """A thread that applies what waits.

    Args:
        sessions: With the message log.
        receiving: The senders as they are now.
        clock: The wall clock.
        look_seconds: How often it looks by itself.
    """

    def __init__(
        self,
        sessions: Sessions,
        receiving: Callable[[], Receiving],
        clock: Callable[[], dt.datetime],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._look_seconds = look_seconds
        self._sessions, self._receiving, self._clock = sessions, receiving, clock
        self._woken, self._over = threading.Event(), threading.Event()
        self._looked_for_waiting = self._listened = 0.0
        self._announcer = Announcer()
        self._thread = threading.Thread(target=self._work, name="webhook-applier", daemon=True)

    def start(self) -> None:
        """Begin; what was left before is applied first."""
        self._woken.set()
        self._thread.start()

    def wake(self) -> None:
        """Something was stored."""
        self._woken.set()

    def stop(self) -> None:
        """End after what is under way; the rest waits for the next process, or for `message_log_upkeep`."""
        self._over.set()
        self._woken.set()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while not self._over.is_set():
            self._woken.wait(self._look_seconds)
            if self._over.wait(GATHER_SECONDS):
                return
            self._woken.clear()
            self.once()

    def once(self) -> None:
        """Apply what waits now; what cannot be applied at the moment stays for the next time."""
        receiving = self._receiving()
        numbers = Numbers(receiving.phone_number_ids(), receiving.waba_ids())
        look_for_waiting = time.monotonic() - self._looked_for_waiting >= WAITING_SECONDS
        try:
            with self._sessions.one() as connection:
                self._note_listening(connection, receiving)
            done = apply_backlog(self._sessions.one, numbers, self._clock, look_for_waiting=look_for_waiting)
        except Exception as error:
            # Neither a lost session nor a mistake may end the thread: everything is stored.
            log.error("What was stored is not applied yet: %s", mask(f"{type(error).__name__}: {error}"))  # noqa: TRY400
            return
        if look_for_waiting:
            self._looked_for_waiting = time.monotonic()
        if done.busy:
            self._looked_for_waiting = 0.0
            self._woken.set()
        if done.webhooks:
            log.info("Applied %s.", done)
        if done.answers:
            self._announcer.answered()
        self._announcer.announce()

    def _note_listening(self, connection: LogConnection, receiving: Receiving) -> None:
        """Before anything is applied: what is concluded from silence asks when a receiver ran."""
        if self._listened and time.monotonic() - self._listened < LISTENING_SECONDS:
            return
        listen_to(connection, [number.label for number in receiving.numbers if number.app_secrets], self._clock())
        self._listened = time.monotonic()
