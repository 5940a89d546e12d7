"""Messages of other people's DAGs that leave at most once, by a key (`dedup_key` of `WhatsAppSendTemplateOperator`).

A row takes the key in a commit of its own, right before the request leaves, and is only deleted where Meta has
certainly not taken the message. So whatever ends the process, or the database, in between: nobody sends it again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from partner_messages.config.ends import RepairNeeded, TryLater
from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import MESSAGE_LOG_CONN_ID, SettingsError
from partner_messages.deployment.live_settings import last_log_position
from partner_messages.message_log.database import LogConnection, open_message_log, rows
from partner_messages.message_log.migrations import migrate
from partner_messages.message_log.position import check_position
from whatsapp_provider.api.answers import Accepted, Answer, Unknown
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=2)
"""How long a request may be under way: both of the hook's time-outs, and a minute for what comes before and after."""


class KeyTaken(RepairNeeded):
    """A key has stood for another message, or for one that may have arrived: no further try helps."""


class UnderWay(TryLater):
    """Another task is sending the key's message at this moment."""


@dataclass(frozen=True)
class SentOnce:
    """One message under its key; each step is a session and a commit of its own.

    Attributes:
        dedup_key: The key.
        to: The recipient's number.
        tracking_id: The id of this message, if it is the one that is sent.
        task: Which task sends it, in words.
    """

    dedup_key: str
    to: str
    tracking_id: str
    task: str

    def sent_before(self) -> str | None:
        """The tracking id of the message that was sent under this key; None where none was.

        Raises:
            KeyTaken, UnderWay: Nothing may be sent under it.
            RunRefused: The message log may lack what was sent (docs/failover.md).
            SettingsError, MessageLogError: There is no message log, or it cannot be asked.
        """
        with _message_log() as connection:
            try:
                found = self._earlier(connection)
            except psycopg.errors.UndefinedTable:
                migrate(connection)
                found = self._earlier(connection)
            if not found:
                check_position(connection, last_log_position())
                return None
        (row,) = found
        when = f"{row['let_go_at'].astimezone(SCHEDULE_TIMEZONE):%d %b %Y, %H:%M} IST"
        if row["recipient"] != self._recipient:
            raise KeyTaken(
                f"{self} has stood for a message to another number ({row['task']}, {when}): put into the key what"
                " tells the two apart."
            )
        if row["under_way"]:
            raise UnderWay(f"{self}: its message is being sent by {row['task']}.")
        if row["outcome"] != "sent":
            raise KeyTaken(
                f"{self}: its message left on {when} ({row['task']}) and no answer came, so it may have arrived, and is"
                " not sent a second time. Where the recipient has it, mark this task as success; else use another key."
            )
        log.info("%s: sent before, on %s, by %s; nothing is sent now.", self, when, row["task"])
        return str(row["tracking_id"])

    def let_go(self) -> None:
        """Take the key for the request that leaves next.

        Raises:
            UnderWay: Another task was quicker.
        """
        with _message_log() as connection:
            if not self._take_key(connection):
                raise UnderWay(f"{self}: another task has begun to send its message.")

    def settle(self, answer: Answer) -> None:
        """Write down what became of the request; what cannot be written down counts as unknown."""
        try:
            with _message_log() as connection:
                if isinstance(answer, Accepted | Unknown):
                    became = "sent" if isinstance(answer, Accepted) else "unknown"
                    rows(connection, "settle_once", key=self._key, became=became)
                else:
                    rows(connection, "give_back_key", key=self._key)
        except (RepairNeeded, TryLater) as error:
            log.warning("%s: what became of it is not in the message log, so it is not sent again: %s", self, error)

    def __str__(self) -> str:
        return f'dedup_key "{mask(self.dedup_key)}"'

    def _earlier(self, connection: LogConnection) -> list[DictRow]:
        return rows(connection, "earlier", key=self._key, lease=LEASE)

    def _take_key(self, connection: LogConnection) -> bool:
        stands_for = {"recipient": self._recipient, "tracking_id": self.tracking_id, "task": self.task}
        return bool(rows(connection, "take_key", key=self._key, **stands_for))

    @property
    def _key(self) -> bytes:
        return hashlib.sha256(self.dedup_key.encode()).digest()

    @property
    def _recipient(self) -> bytes:
        return hashlib.sha256(f"{self.dedup_key}\n{self.to}".encode()).digest()


@contextlib.contextmanager
def _message_log() -> Iterator[LogConnection]:
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        with open_message_log() as connection:
            yield connection
    except AirflowNotFoundException:
        raise SettingsError(
            f"dedup_key needs the connection {MESSAGE_LOG_CONN_ID}, which says where the message log is; add it, or"
            " leave dedup_key out."
        ) from None
