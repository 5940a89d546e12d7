"""Open database sessions, run named queries, and translate database errors into sentences."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from partner_messages.config.settings import SettingsError
from partner_messages.database.named_sql import query
from whatsapp_provider.connections import connection_of
from whatsapp_provider.masking import mask

_LOGIN_REFUSED = re.compile(
    "|".join(
        (
            "(password|peer|ident|certificate|sasl) authentication failed",
            "no password supplied",
            "not permitted to log in",
            "permission denied for database",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            r"(database|role|user) \S+ does not exist",
            r"no such (database|user)",  # PgBouncer
            "unsupported startup parameter",  # PgBouncer, if it is not told to ignore `options`
        )
    ),
    re.IGNORECASE,
)
"""Messages of a server that refuses this connection's login.

The driver has no code for it, only the server's message; if that is in another language, retries are made in vain.
"""

_RETRYABLE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "08000": "the connection failed",
        "08001": "the server could not be reached",
        "08003": "the connection is gone",
        "08004": "the server refused connections",
        "08006": "the connection was lost",
        "25P03": "the session was ended because it idled in a transaction",
        "40001": "a serialization failure",
        "40P01": "a deadlock",
        "53100": "the disk is full",
        "53300": "too many connections",
        "55P03": "a lock time-out",
        "57P01": "an administrator ended the session",
        "57P02": "the server crashed",
        "57P03": "the server starts or stops",
        "57P05": "the session was ended because it idled",
    }
)
"""The PostgreSQL error codes (Appendix A) after which a retry may succeed.

All others are about the statement itself, even some that the driver calls operational (`ProgramLimitExceeded`).
"""

_TIMEOUTS = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""libpq's time-outs for a server that does not answer, in seconds (the last one in milliseconds).

libpq's defaults are between two minutes and two hours, longer than the lease of a claim.
"""

_NONE: Mapping[str, str | bool] = MappingProxyType({})


class AccessRefused(SettingsError):
    """A database refuses this connection's login, or its user lacks a right: a retry does not help."""


Session = psycopg.Connection[DictRow]
AsyncSession = psycopg.AsyncConnection[DictRow]


@dataclass(frozen=True)
class Database:
    """One of the package's databases.

    Attributes:
        conn_id: Its connection.
        failure: The exception for errors after which a retry may succeed.
        grant: The GRANT statements that its user needs, with `{role}` for the user's name.
    """

    conn_id: str
    failure: type[Exception]
    grant: str

    def errors(self) -> contextlib.AbstractContextManager[None]:
        """Translate its errors within the block (`database_errors`)."""
        return database_errors(self.conn_id, self.failure, self.grant)

    @contextlib.contextmanager
    def session(self, options: str | None = None, connect_seconds: int | None = None) -> Iterator[Session]:
        """Open a session and close it at the end of the block; only errors of opening it are translated.

        Args:
            options: Session settings in the form of the server's command line.
            connect_seconds: As for `open_session`.
        """
        with self.errors():
            opened = open_session(self.conn_id, options, connect_seconds)
        with contextlib.closing(opened) as session:
            session.row_factory = dict_row
            yield session


def run_query(
    session: Session, name: str, parameters: Mapping[str, Any], identifiers: Mapping[str, str | bool] = _NONE
) -> list[DictRow]:
    """Run a named query and return its rows; an empty list if the statement returns none.

    Args:
        session: The session.
        name: The query's name.
        parameters: The values that the driver binds.
        identifiers: Table names and switches for its placeholders.
    """
    with session.cursor() as cursor:
        cursor.execute(query(name, **identifiers).encode(), parameters)
        return cursor.fetchall() if cursor.description else []


async def as_async(session: Session) -> AsyncSession:
    """The same session for an event loop; whoever opened it closes it, and uses it no more until then."""
    shared: AsyncSession = psycopg.AsyncConnection(session.pgconn, row_factory=dict_row)
    shared.prepare_threshold = session.prepare_threshold
    await shared.set_autocommit(session.autocommit)
    return shared


async def run_query_async(session: AsyncSession, name: str, parameters: Mapping[str, Any]) -> list[DictRow]:
    """As `run_query`, on an event loop."""
    async with session.cursor() as cursor:
        await cursor.execute(query(name).encode(), parameters)
        return await cursor.fetchall() if cursor.description else []


def open_session(
    conn_id: str, options: str | None = None, connect_seconds: int | None = None
) -> psycopg.Connection[Any]:
    """Open a session with time-outs for a server that does not answer.

    Args:
        conn_id: The connection; time-outs in its extra override the defaults.
        options: Session settings in the form of the server's command line.
        connect_seconds: How long to wait for the session, at least 2; else the default.
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = copy.copy(connection_of(conn_id))
    timeouts = _TIMEOUTS | ({"connect_timeout": connect_seconds} if connect_seconds else {})
    connection.extra = json.dumps(timeouts | connection.extra_dejson)
    hook = PostgresHook(postgres_conn_id=conn_id, connection=connection, options=options)
    return cast("psycopg.Connection[Any]", hook.get_conn())


def grant_statements(privileges: Mapping[str, Iterable[str]]) -> str:
    """The GRANT statements for privileges on tables, with USAGE on their schemas.

    Args:
        privileges: Table names by privilege, such as `SELECT`.

    Returns:
        The statements, with `{role}` for the user's name.
    """
    tables = {privilege: list(names) for privilege, names in privileges.items()}
    schemas = sorted({name.partition(".")[0] for names in tables.values() for name in names if "." in name})
    usage = [f"GRANT USAGE ON SCHEMA {schema} TO {{role}};" for schema in schemas]
    return " ".join(
        usage + [f"GRANT {privilege} ON {', '.join(names)} TO {{role}};" for privilege, names in tables.items()]
    )


@contextlib.contextmanager
def database_errors(conn_id: str, failure: type[Exception], grant: str) -> Iterator[None]:
    """Translate database errors into one sentence, with phone numbers masked (PostgreSQL quotes whole rows).

    Args:
        conn_id: The database's connection.
        failure: The exception for errors after which a retry may succeed.
        grant: The GRANT statements that its user needs, with `{role}` for the user's name.

    Raises:
        AccessRefused: The login was refused, or the user lacks a right; it then contains the GRANT statements.
    """
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise AccessRefused(
            f"Connection {conn_id}: {mask(_words(error))}; as the owner of the tables run:"
            f" {grant.format(role=role_of(conn_id))}"
        ) from None
    except psycopg.Error as error:
        said = mask(f"{type(error).__name__}: {error}")
        if is_login_refused(error):
            raise AccessRefused(f"Connection {conn_id}: correct its user, password or database: {said}") from None
        raise failure(f"{conn_id}: {said}") from None


def is_retryable(error: BaseException) -> bool:
    """Whether a retry may succeed: the connection or the server failed, not the statement itself."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # Without a code: the driver lost the connection.
    return error.sqlstate is None or error.sqlstate in _RETRYABLE_CODES


def is_login_refused(error: psycopg.Error) -> bool:
    """Whether the server has refused the login, so that a retry does not help."""
    without_code = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return without_code and bool(_LOGIN_REFUSED.search(str(error)))


def role_of(conn_id: str) -> str:
    """The name of a connection's user as an SQL identifier."""
    login = connection_of(conn_id).login
    return sql.Identifier(login).as_string() if login else "<its user>"


def _words(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
