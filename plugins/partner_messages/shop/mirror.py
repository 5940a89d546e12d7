"""Writes sent messages into the shop's inbox, so that it shows them and its handling of replies keeps working.

The shop has no unique key on Meta's message ids, so one task at a time writes for a partner (an advisory lock), and
looks first.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import logging
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from partner_messages.config.ends import TryLater
from partner_messages.config.pieces import pieces
from partner_messages.config.setting_groups import Tables
from partner_messages.config.settings import SHOP_INBOX_CONN_ID, SettingsError
from partner_messages.database.session import Database, Session, grant_statements, run_query
from partner_messages.message_log.database import recordset
from partner_messages.message_log.mirroring import SentMessage
from partner_messages.recipients.conversation import conversations_for
from partner_messages.recipients.people import Conversation, Partner
from partner_messages.shop.new_ids import RANDOM_BITS, ulid
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Of so many partners messages are written in one transaction: it takes two scans of the shop's whole inbox."""


class InboxError(TryLater):
    """The shop's inbox cannot be reached or did not take everything; worth a retry, which writes only what is missing.

    Phone numbers and Meta's message ids in its words are masked.
    """


class End(enum.StrEnum):
    """What became of a message that was to be written into the inbox."""

    WRITTEN = "written"
    ALREADY_THERE = "already_there"
    """From an earlier try of the task, or from another program."""
    FAILED = "failed"
    """The log says why."""


@dataclass(frozen=True)
class Mirrored:
    """What became of messages that were to be written into the inbox, by their ids."""

    ends: Mapping[uuid.UUID, End] = field(default_factory=dict)

    @property
    def written(self) -> int:
        """How many are there now and were not before."""
        return self.counts()[End.WRITTEN]

    @property
    def already_there(self) -> int:
        """How many were there before."""
        return self.counts()[End.ALREADY_THERE]

    @property
    def failed(self) -> int:
        """How many are not there."""
        return self.counts()[End.FAILED]

    @property
    def there(self) -> list[uuid.UUID]:
        """Those that the inbox has by now."""
        return [id_ for id_, end in self.ends.items() if end is not End.FAILED]

    def counts(self) -> dict[str, int]:
        """The numbers, as the task's return value."""
        return {end.value: sum(one is end for one in self.ends.values()) for end in End}


class Inbox:
    """One session with the shop's inbox, in autocommit mode: every write is in a transaction of its own partner."""

    def __init__(self, connection: Session, tables: Tables) -> None:
        self._connection = connection
        self._tables: dict[str, str] = tables.model_dump()
        self._database = _database(tables)

    def mirror(self, messages: Iterable[SentMessage]) -> Mirrored:
        """Write each message that is not there yet into the conversation with its partner.

        What cannot be written is logged and counted, and stops nothing else.

        Raises:
            InboxError: The inbox could not be asked at all, or the session broke off.
        """
        wanted = sorted(messages, key=lambda message: (message.partner_id, message.sent_at, message.id))
        with self._database.errors():
            # One query for all: to find a message by Meta's id takes a scan of the shop's whole table.
            there = self._already_there(wanted)
            missing = [message for message in wanted if message.wamid not in there]
            ends = {message.id: End.ALREADY_THERE for message in wanted}
            by_partner = [list(its) for _, its in itertools.groupby(missing, key=lambda message: message.partner_id)]
            for some in pieces(by_partner, AT_ONCE):
                ends |= self._mirror_some([message for its in some for message in its])
        return Mirrored(ends)

    def _mirror_some(self, messages: Sequence[SentMessage]) -> dict[uuid.UUID, End]:
        """Write the messages of some partners in one transaction; what fails alone is left out of it alone."""
        ends = {message.id: End.ALREADY_THERE for message in messages}
        ids = sorted({message.partner_id for message in messages})
        try:
            with self._connection.transaction():
                self._rows("lock_partners", partner_ids=ids)
                there = self._already_there(messages)
                partners = {row["id"]: Partner(**row) for row in self._rows("partners", partner_ids=ids)}
                known = self._conversations(ids)
                written = []
                for message in messages:
                    if message.wamid not in there:
                        conversation_id = self._written(partners.get(message.partner_id), message, known)
                        ends[message.id] = End.WRITTEN if conversation_id else End.FAILED
                        written.append((conversation_id, message))
                self._note_in_conversations([(id_, message) for id_, message in written if id_])
        except psycopg.Error as error:
            self._note(error, f"the {len(messages)} messages to {len(ids)} partners")
            return dict.fromkeys(ends, End.FAILED)
        return ends

    def _written(
        self, partner: Partner | None, message: SentMessage, known: dict[str, list[Conversation]]
    ) -> str | None:
        """Write one message; return its conversation, None where it could not be written."""
        what = f"message {message.id} to partner {message.partner_id}"
        if partner is None:
            self._note(InboxError(f'there is no such row in the shop\'s table "{self._tables["partner"]}"'), what)
            return None
        try:
            with self._connection.transaction():
                return self._write(partner, message, known)
        except psycopg.Error as error:
            self._note(error, what)
            return None

    def _note(self, error: Exception, what: str) -> None:
        # An error that concerns every message alike is raised, and not counted for each of them.
        if self._connection.closed or isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise error
        log.error("Not written into the shop's inbox: %s: %s", what, mask(f"{type(error).__name__}: {error}"))

    def _write(self, partner: Partner, message: SentMessage, known: dict[str, list[Conversation]]) -> str:
        its = known.setdefault(partner.id, [])
        usable = conversations_for(partner, message.to_phone, its)
        conversation_id = usable[0].id if usable else _new_id(message)
        if not usable:
            phone = message.to_phone
            self._rows("make_conversation", id=conversation_id, partner_id=partner.id, phone_number=phone)
        self._rows(
            "write_message",
            id=_new_id(message),
            conversation_id=conversation_id,
            content=message.body_text,
            message_type=message.message_type,
            wamid=message.wamid,
            context_type=message.context_type,
            context_id=message.context_id,
            metadata=Jsonb(message.metadata()),
            sent_at=message.sent_at,
        )
        if not usable:
            known[partner.id] = self._conversations([partner.id]).get(partner.id, [])
        return conversation_id

    def _conversations(self, partner_ids: Sequence[str]) -> dict[str, list[Conversation]]:
        found: dict[str, list[Conversation]] = {}
        rows = self._rows("conversations", partner_ids=list(partner_ids), endings=[], ending_length=0)
        for conversation in (Conversation(**row) for row in rows):
            found.setdefault(conversation.partner_id, []).append(conversation)
        return found

    def _note_in_conversations(self, written: Sequence[tuple[str, SentMessage]]) -> None:
        notes = [
            {"conversation_id": id_, "sent_at": message.sent_at, "production_run_id": message.production_run_id}
            for id_, message in written
        ]
        if notes:
            ids = list({note["conversation_id"] for note in notes})
            self._rows("note_in_conversations", written=recordset(notes), conversation_ids=ids)

    def _already_there(self, messages: Sequence[SentMessage]) -> frozenset[str]:
        found = self._rows("already_there", wamids=[message.wamid for message in messages])
        return frozenset(row["wa_message_id"] for row in found)

    def _rows(self, name: str, /, **parameters: Any) -> list[DictRow]:
        return run_query(self._connection, name, parameters, self._tables)


def _new_id(message: SentMessage) -> str:
    return ulid(message.sent_at, secrets.randbits(RANDOM_BITS))


def _database(tables: Tables) -> Database:
    conversations, messages = tables.messaging_conversation, tables.messaging_message
    return Database(
        SHOP_INBOX_CONN_ID,
        InboxError,
        grant_statements(
            {
                "SELECT": [tables.partner, conversations, messages],
                "INSERT": [conversations, messages],
                "UPDATE": [conversations],
            }
        ),
    )


@contextlib.contextmanager
def open_inbox(tables: Tables) -> Iterator[Inbox]:
    """Open a session with `shop_inbox_db`, the only connection over which this package writes into the shop.

    Raises:
        SettingsError: There is no such connection.
        InboxError: It cannot be reached.
        AccessRefused: Its user is not let in.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(_database(tables).session())
        except AirflowNotFoundException:
            raise SettingsError(
                f"There is no connection {SHOP_INBOX_CONN_ID}, which the setting mirror_to_shop needs; add it (type"
                " postgres) with a user that may write the shop's inbox, or set mirror_to_shop to false."
            ) from None
        connection.autocommit = True
        # A task that waited for the lock must see what the task before it wrote.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        yield Inbox(connection, tables)
