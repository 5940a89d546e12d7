"""Which of a database's errors another try may mend."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from partner_messages.database.session import is_retryable


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        errors.AdminShutdown(),
        errors.DeadlockDetected(),
        errors.SerializationFailure(),
        errors.LockNotAvailable(),
        errors.TooManyConnections(),
        errors.DiskFull(),
        errors.ConnectionFailure(),
        errors.CannotConnectNow(),
    ],
)
def test_what_is_the_server_s_own(error):
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.ProgramLimitExceeded(),
        errors.StatementTooComplex(),
        errors.QueryCanceled(),
        errors.UniqueViolation(),
        errors.DatetimeFieldOverflow(),
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        ValueError("no template is named"),
        OverflowError("date value out of range"),
    ],
)
def test_what_the_item_is_to_blame_for(error):
    assert not is_retryable(error)
