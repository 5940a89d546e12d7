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

from psycopg import capabilities
from psycopg.rows import DictRow
from psycopg.types.json import Json

from partner_messages.config.ends import TryLater
from partner_messages.config.settings import MESSAGE_LOG_CONN_ID
from partner_messages.database.named_sql import query
from partner_messages.database.session import AsyncSession, Database, Session, run_query, run_query_async
from partner_messages.message_log.migrations import SCHEMA
from partner_messages.messages.tick import Tick

LogConnection = Session
"""A session in autocommit mode whose search path is the schema; several statements share a transaction by saying so."""

AsyncLogConnection = AsyncSession
"""The same for an event loop."""

_ROWS_TOGETHER = 1_000

GRANT = (
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO {{role}};"
    f" GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {{role}};"
)
"""All that a user needs where another one, the owner, applies the migrations."""


class MessageLogError(TryLater):
    """The message log's database refused a statement; phone numbers in its words are masked."""


@contextlib.contextmanager
def open_message_log(within: float | None = None) -> Iterator[LogConnection]:
    """Open a session with `message_log_db` whose commits last.

    Args:
        within: Seconds after which the server gives up a statement, whatever it waits for, and after which the session
            is not waited for any more; by default as long as it takes.

    Raises:
        MessageLogError: For every database error inside the block: PostgreSQL quotes whole rows in its details, and a
            row holds a phone number.
        AccessRefused: The user is not let in or lacks a right.
    """
    log = Database(MESSAGE_LOG_CONN_ID, MessageLogError, GRANT)
    options, connect_seconds = f"-c search_path={SCHEMA}", None
    if within is not None:
        options, connect_seconds = f"{options} -c statement_timeout={round(1_000 * within)}", math.ceil(within)
    with log.errors(), log.session(options, connect_seconds) as connection:
        connection.autocommit = True
        rows(connection, "open_message_log")
        yield connection


def rows(connection: LogConnection, name: str, /, **parameters: Any) -> list[DictRow]:
    """Run one named query and return its rows; none where it returns nothing."""
    return run_query(connection, name, parameters)


async def rows_async(connection: AsyncLogConnection, name: str, /, **parameters: Any) -> list[DictRow]:
    """As `rows`, on an event loop."""
    return await run_query_async(connection, name, parameters)


def each_row(connection: LogConnection, name: str, /, **parameters: Any) -> Iterator[DictRow]:
    """The same rows one by one, so that 100,000 of them need not be in memory at once; to be read to the end."""
    with connection.cursor() as cursor:
        # Before libpq 17 rows come one by one or all at once.
        together = _ROWS_TOGETHER if capabilities.has_stream_chunked() else 1
        yield from cursor.stream(query(name).encode(), parameters, size=together)


def of_tick(tick: Tick) -> dict[str, str]:
    """The parameters that select a tick's rows; the DAG and its run let the index be used."""
    return {"dag_id": tick.dag_id, "dag_run_id": tick.dag_run_id, "tick_id": tick.id}


def of_history(tick: Tick) -> dict[str, str]:
    """The parameters that select the history that counts: the same delivery's, for a redirect the same phone's."""
    return {"delivery": tick.delivery, "redirected": tick.redirected}


# Not escaped: in ASCII a text in Hindi is twice as long to send, and slow for PostgreSQL to read.
_as_json = functools.partial(json.dumps, ensure_ascii=False)

_IN_JSON: dict[type, Callable[[Any], Any]] = {
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    uuid.UUID: str,
    # JSON has neither NaN nor infinity, which a shop's quantity may be; PostgreSQL reads both from text.
    float: lambda number: number if math.isfinite(number) else str(number),
}


def recordset(records: Iterable[Mapping[str, Any]]) -> Json:
    """Many records as one parameter, so that one statement writes them all (`json_to_recordset`)."""
    return Json([_jsonable(record) for record in records], dumps=_as_json)


def _jsonable(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if (convert := _IN_JSON.get(type(value))) is None else convert(value)
        for key, value in record.items()
        if value is not None
    }
