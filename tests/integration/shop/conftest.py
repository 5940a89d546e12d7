"""The sample shop of these tests: one database for all of them; what a test changes is taken back at its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partner_messages.config.setting_groups import Tables
from partner_messages.database.session import Session
from partner_messages.shop.shop import Shop
from support.kept_sessions import KeptSessions


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept: None) -> None:
    """A session is the subject of those files that say so."""


@pytest.fixture
def changes(_changed_shop: str, kept_sessions: KeptSessions) -> Iterator[Session]:
    """A session in which a test may change the shop: one transaction that is never committed."""
    with kept_sessions.session(_changed_shop) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def source(changes: Session) -> Shop:
    """The package's view of the shop, changes included."""
    return Shop(changes, Tables())
