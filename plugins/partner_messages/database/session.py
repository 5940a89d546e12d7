"""Sessions with a database and the named queries that run in them; what it refuses, and what follows from that."""

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
from partner_messages.database.connections import connection_of
from partner_messages.database.named_sql import query
from partner_messages.recipients.masking import mask

_TURNED_AWAY = re.compile(
    "|".join(
        (
            "(password|peer|ident|certificate|sasl) authentication failed",
            "no password supplied",
            "not permitted to log in",
            "permission denied for database",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            r"(database|role|user) \S+ does not exist",
            r"no such (database|user)",  # PgBouncer's words
            "unsupported startup parameter",  # PgBouncer's too: it has to be told to ignore `options`
        )
    ),
    re.IGNORECASE,
)
"""Why a server lets nobody in who comes with this connection.

The driver has no code for it, only the server's words: where those are in another language, it is tried again in vain.
"""


_MENDED_BY_ANOTHER_TRY: Mapping[str, str] = MappingProxyType(
    {
        "08000": "the connection failed",
        "08001": "the server could not be reached",
        "08003": "the connection is gone",
        "08004": "the server let nobody in",
        "08006": "the connection was lost",
        "25P03": "the session was ended because it idled in a transaction",
        "40001": "two transactions could not be put in an order",
        "40P01": "a deadlock",
        "53100": "the disk is full",
        "53300": "too many connections",
        "55P03": "a lock was not to be had in time",
        "57P01": "an administrator ended the session",
        "57P02": "the server crashed",
        "57P03": "the server starts or stops",
        "57P05": "the session was ended because it idled",
    }
)
"""The codes by which PostgreSQL says that what was asked may go well the next time (its Appendix A).

All others are about what was asked, also where the driver calls them operational (`ProgramLimitExceeded`).
"""


_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How long a server that says nothing is waited for, as libpq has it: seconds, and the last in milliseconds.

Left to themselves a new session waits for two minutes and an open one for a quarter of an hour or for two hours: longer
than a claim belongs to its claimer.
"""


_NONE: Mapping[str, str | bool] = MappingProxyType({})


class AccessRefused(SettingsError):
    """A database lets this connection's user not in, or not do what is needed: no further try helps."""


Session = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class Database:
    """One of the databases, as this package knows it.

    Attributes:
        conn_id: Its connection.
        failure: What an error becomes that another try may mend.
        grant: The statements that give a user all it needs, with `{role}` for its name.
    """

    conn_id: str
    failure: type[Exception]
    grant: str

    def errors(self) -> contextlib.AbstractContextManager[None]:
        """Within this block its errors are said in one sentence (`database_errors`)."""
        return database_errors(self.conn_id, self.failure, self.grant)

    @contextlib.contextmanager
    def session(self, options: str | None = None) -> Iterator[Session]:
        """Open a session, which is closed at the end of the block; the block's own errors are not translated.

        Args:
            options: Settings of the session, as on a server's command line.
        """
        with self.errors():
            opened = open_session(self.conn_id, options)
        with contextlib.closing(opened) as session:
            session.row_factory = dict_row
            yield session


def run_query(
    session: Session, name: str, parameters: Mapping[str, Any], identifiers: Mapping[str, str | bool] = _NONE
) -> list[DictRow]:
    """Run one named query and return its rows; none where it returns nothing.

    Args:
        session: The session.
        name: The query's name.
        parameters: Its values.
        identifiers: The table names and switches that its placeholders name.
    """
    with session.cursor() as cursor:
        cursor.execute(query(name, **identifiers).encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def open_session(conn_id: str, options: str | None = None) -> psycopg.Connection[Any]:
    """Open a session with a connection's database, which gives up on a server that is gone without a word.

    Args:
        conn_id: The connection; what its extra says of time-outs comes first.
        options: Settings of the session, as on a server's command line.
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = copy.copy(connection_of(conn_id))
    connection.extra = json.dumps(_PATIENCE | connection.extra_dejson)
    hook = PostgresHook(postgres_conn_id=conn_id, connection=connection, options=options)
    return cast("psycopg.Connection[Any]", hook.get_conn())


def granting(privileges: Mapping[str, Iterable[str]]) -> str:
    """The statements that give a user privileges on tables, and the use of the schemas that their names say.

    Args:
        privileges: The tables by what may be done with them, such as `SELECT`.

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
    """Say a database's errors in one sentence, with phone numbers masked: PostgreSQL quotes whole rows.

    Args:
        conn_id: The database's connection.
        failure: What an error becomes that another try may mend.
        grant: The statements that give a user all it needs, with `{role}` for its name.

    Raises:
        AccessRefused: The user is not let in or lacks a right; the statements are in it.
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
        if is_turned_away(error):
            raise AccessRefused(f"Connection {conn_id}: correct its user, password or database: {said}") from None
        raise failure(f"{conn_id}: {said}") from None


def is_worth_another_try(error: BaseException) -> bool:
    """Whether the same may go well the next time: it failed for the connection or the server, not for what it was."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # Without a code it is the driver that lost the connection.
    return error.sqlstate is None or error.sqlstate in _MENDED_BY_ANOTHER_TRY


def is_turned_away(error: psycopg.Error) -> bool:
    """Whether a server answered, and will not let this user into this database however often it is asked."""
    return (
        isinstance(error, psycopg.OperationalError) and error.sqlstate is None and bool(_TURNED_AWAY.search(str(error)))
    )


def role_of(conn_id: str) -> str:
    """The name of a connection's user, as SQL has it."""
    login = connection_of(conn_id).login
    return sql.Identifier(login).as_string() if login else "<its user>"


def _words(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
