"""Sessions with the message log's database."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Json

from partner_messages.config.ends import TryLater
from partner_messages.config.settings import MESSAGE_LOG_CONN_ID
from partner_messages.database.named_sql import query
from partner_messages.database.session import database_errors, open_session
from partner_messages.message_log.migrations import SCHEMA
from partner_messages.messages.tick import Tick

LogConnection = psycopg.Connection[DictRow]
"""A session in autocommit mode whose search path is the schema; several statements share a transaction by saying so."""

GRANT = (
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO {{role}};"
    f" GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {{role}};"
)
"""All that a user needs where another one, the owner, applies the migrations."""


class MessageLogError(TryLater):
    """The message log's database refused a statement; phone numbers in its words are masked."""


@contextlib.contextmanager
def open_message_log() -> Iterator[LogConnection]:
    """Open a session with `message_log_db` whose commits last.

    Raises:
        MessageLogError: For every database error inside the block: PostgreSQL quotes whole rows in its details, and a
            row holds a phone number.
        AccessRefused: The user is not let in or lacks a right.
    """
    with (
        database_errors(MESSAGE_LOG_CONN_ID, MessageLogError, GRANT),
        contextlib.closing(open_session(MESSAGE_LOG_CONN_ID, f"-c search_path={SCHEMA}")) as connection,
    ):
        connection.autocommit = True
        connection.row_factory = dict_row
        rows(connection, "open_message_log")
        yield connection


def rows(connection: LogConnection, name: str, /, **parameters: Any) -> list[DictRow]:
    """Run one named query and return its rows; none where it returns nothing."""
    with connection.cursor() as cursor:
        cursor.execute(query(name).encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def each_row(connection: LogConnection, name: str, /, **parameters: Any) -> Iterator[DictRow]:
    """The same rows one by one: of 100,000 only what is made of each is kept."""
    with connection.cursor() as cursor:
        cursor.execute(query(name).encode(), parameters)
        yield from cursor


def of_tick(tick: Tick) -> dict[str, str]:
    """The parameters by which a statement knows a tick's rows; the DAG and its run are there for the index."""
    return {"dag_id": tick.dag_id, "dag_run_id": tick.dag_run_id, "tick_id": tick.id}


def of_history(tick: Tick) -> dict[str, str]:
    """The parameters by which a statement knows which history counts: the delivery's, for a redirect its phone's."""
    return {"delivery": tick.delivery, "redirected": tick.redirected}


# As it is in UTF-8: escaped, a text in Hindi is twice as long to send, and slow for PostgreSQL to read.
_as_json = functools.partial(json.dumps, ensure_ascii=False)

_IN_JSON: dict[type, Callable[[Any], Any]] = {
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    uuid.UUID: str,
    # JSON has neither NaN nor infinity, which a shop's quantity may be; PostgreSQL reads both from text.
    float: lambda number: number if math.isfinite(number) else str(number),
}


def recordset(records: Iterable[Mapping[str, Any]]) -> Json:
    """Many records as one bound value, so that one statement writes them all (`json_to_recordset`)."""
    return Json([_jsonable(record) for record in records], dumps=_as_json)


def _jsonable(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if (convert := _IN_JSON.get(type(value))) is None else convert(value)
        for key, value in record.items()
        if value is not None
    }
