"""Whether a sender may send: a stopped one is probed with one message, by one task (docs/design.md, decision 8)."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from dataclasses import dataclass, field

from partner_messages.config.ends import RepairNeeded, TryLater
from partner_messages.message_log import stops
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.stops import SenderStop
from partner_messages.messages.tick import RunPass
from whatsapp_provider.api.errors import TOKEN_CODES

log = logging.getLogger(__name__)


class SenderStopped(Exception):
    """Meta refuses everything from this sender; its messages stay queued. Raised as one of the two below."""


class SenderStoppedForRepair(SenderStopped, RepairNeeded):
    """Somebody must do something about it first."""


class SenderStoppedForNow(SenderStopped, TryLater):
    """It may pass by itself: a token that was refused may be rotated a moment later."""


def sender_stopped(said: str, code: int | None = None) -> SenderStopped:
    """The error of a stopped sender.

    Args:
        said: Why, and what to do about it.
        code: Meta's code; None where it has none.
    """
    return SenderStoppedForNow(said) if code in TOKEN_CODES else SenderStoppedForRepair(said)


@dataclass
class SenderGate:
    """One task's view of its sender, read again before every claim.

    Attributes:
        connection: The message log.
        sender: The sender's label.
        run: The pass of the DAG run; what stopped the sender for it stops all its tasks.
        token: Whose probe it is.
        lease: How long the right to probe is kept from the other tasks.
    """

    connection: LogConnection
    sender: str
    run: RunPass
    token: uuid.UUID
    lease: dt.timedelta
    _probe: SenderStop | None = field(default=None, init=False)

    def lets_pass(self, wanted: int, under_way: int) -> int:
        """How many of the messages that could be claimed may be.

        All of them where the sender is not stopped; one by one where this task probes it; none while another does.

        Raises:
            SenderStopped: It was stopped in this very pass, and this is no later try that may find another token.
        """
        if self._probe:
            return 0 if under_way else 1
        stop = stops.open_stop(self.connection, self.sender, self.run)
        if stop is None:
            return wanted
        if stop.of_this_run and (stop.of_this_try or stop.code not in TOKEN_CODES):
            raise sender_stopped(f"Sender {self.sender} is stopped for this run: {stop.said}", stop.code)
        if under_way or not stops.become_prober(self.connection, stop, self.token, self.lease):
            return 0
        log.warning("Sender %s was stopped (%s): probing it with one message.", self.sender, stop.said)
        self._probe = stop
        return 1

    def stop(self, code: int | None, said: str) -> None:
        """Meta refuses the sender as a whole, or too much of what it sends."""
        stops.stop_sender(self.connection, self.sender, self.run, code, said)
        self._probe = None

    def works(self) -> None:
        """Lift the stop after a probe: Meta's answer concerned the message, and not the sender."""
        if self._probe:
            stops.lift_stop(self.connection, self._probe)
            self._probe = None

    def leave(self) -> None:
        """Let another task probe: this one has learnt nothing about the sender, or ends."""
        if self._probe:
            stops.release_probe(self.connection, self._probe, self.token)
            self._probe = None
