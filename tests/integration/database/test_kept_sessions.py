"""A kept session is as new, but for its plans: no test sees what another has set, made, locked or left open."""

from __future__ import annotations

import pytest

from support.kept_sessions import KeptSession, KeptSessions

LOCKS = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"


@pytest.fixture
def again(kept_sessions: KeptSessions, log_url: str) -> KeptSession:
    """A session that somebody has used and left in the middle of a transaction."""
    used = kept_sessions.connect({"conninfo": log_url, "application_name": "used"})
    used.autocommit = True
    for statement in (
        "SET search_path = public",
        "CREATE TEMP TABLE scratch (id int)",
        "SELECT pg_try_advisory_lock(1)",
        "SELECT 1 AS asked",
        "SELECT 1 AS asked",
    ):
        used.execute(statement)
    used.autocommit = False
    used.execute("CREATE TABLE half_made (id int)")
    used.close()
    after = kept_sessions.connect({"conninfo": log_url, "application_name": "used"})
    assert after is used
    return after


def test_what_was_set_made_locked_or_left_open_is_gone(again: KeptSession) -> None:
    def one(query: str) -> object:
        return again.execute(query).fetchone()[0]  # type: ignore[index]

    assert one("SHOW search_path") == '"$user", public'
    assert one("SELECT to_regclass('scratch')") is None
    assert one("SELECT to_regclass('half_made')") is None
    assert one(LOCKS) == 0
    again.close()


def test_what_was_prepared_is_still_there(again: KeptSession) -> None:
    prepared = again.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert ("SELECT 1 AS asked",) in prepared
    again.close()
