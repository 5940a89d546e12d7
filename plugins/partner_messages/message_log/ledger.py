"""The messages that one process has claimed and Meta's answers to them, until the message log has all of it.

A session may be lost, and what was written over it: the server was killed, or another one that lacks the last seconds
has taken its place. Whoever was told keeps it, and writes all of it down again over the next session.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from partner_messages.message_log import outbox
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.spool import Spool
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.values import Claimed, Settlement
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

LONGEST_PAUSE = 8.0
"""Seconds between two tries to reach the message log again, at most."""


def pauses(for_seconds: float) -> Iterator[float]:
    """The seconds to wait before each try to reach the message log again: at once, then 1, 2, 4, 8, 8, … in all."""
    waited, pause = 0.0, 0.0
    while waited + pause <= for_seconds:
        yield pause
        waited += pause
        pause = min(LONGEST_PAUSE, 2 * pause or 1.0)


@dataclass
class Ledger:
    """One process's claims and what became of them.

    Attributes:
        lease: How long a claim belongs to its claimer; for as long the message log is waited for.
        clock: The wall clock.
        spool: Where answers wait on this machine's disk that the message log cannot take.
        reopen: Opens another session with the message log.
        token: Whose claims they are.
        lifecycle_after_opt_out: Setting of that name.
    """

    lease: dt.timedelta
    clock: Callable[[], dt.datetime]
    spool: Spool
    reopen: Callable[[], AbstractContextManager[LogConnection]] = open_message_log
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    lifecycle_after_opt_out: bool = False
    _told: dict[uuid.UUID, Settlement] = field(default_factory=dict, init=False, repr=False)
    _unwritten: list[Settlement] = field(default_factory=list, init=False, repr=False)
    _given_up: LogConnection | None = field(default=None, init=False, repr=False)

    def claim(self, connection: LogConnection, ids: Sequence[uuid.UUID]) -> list[Claimed]:
        """Claim those of these messages that are queued and due."""
        with self._here_whatever_happens(ids):
            claimed = outbox.claim(
                connection,
                ids,
                self.token,
                self.clock(),
                lifecycle_after_opt_out=self.lifecycle_after_opt_out,
            )
        for message in claimed:
            self._told.pop(message.id, None)
        return claimed

    def let_go(self, connection: LogConnection, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
        """Write down that these messages' requests may leave; return those that may, the rest belongs to others."""
        with self._here_whatever_happens(ids):
            return outbox.let_go(connection, ids, self.token)

    @contextlib.contextmanager
    def _here_whatever_happens(self, ids: Sequence[uuid.UUID]) -> Iterator[None]:
        try:
            yield
        except Exception:
            # It is not known whether the claim was committed; but nothing was sent.
            for id_ in ids:
                self.note(Settlement(id_, MessageStatus.QUEUED))
            raise

    def note(self, settlement: Settlement) -> None:
        """Keep what became of a message until it is written down, and as long as this process lives."""
        self._told[settlement.id] = settlement
        self._unwritten.append(settlement)

    def write(self, connection: LogConnection) -> None:
        """Write down what is not written yet, in one statement."""
        if not self._unwritten:
            return
        try:
            outbox.settle(connection, self.token, self._unwritten, self.clock())
        except Exception:
            self.spool.keep(self.token, list(self._told.values()))
            raise
        self._unwritten.clear()

    def save(self, connection: LogConnection) -> None:
        """Write everything down once more over another session, if this one is lost or lacks something.

        All or nothing, as soon as there is another session, for as long as the lease lasts; what is not written then
        waits on the disk for the next try of the task.
        """
        if connection is self._given_up or not (self._unwritten or (connection.closed and self._told)):
            return
        self._given_up = connection
        self.spool.keep(self.token, list(self._told.values()))
        for pause in pauses(self.lease.total_seconds()):
            time.sleep(pause)
            try:
                with self.reopen() as another:
                    outbox.restore(another, self.token, list(self._told.values()), self.clock())
            except Exception as error:
                log.warning("%d answers cannot be written down yet: %s", len(self._unwritten), mask(str(error)))
            else:
                self._unwritten.clear()
                self.spool.forget(self.token)
                return
