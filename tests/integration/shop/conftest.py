"""The sample shop of these tests: one database for all of them; what a test changes is taken back at its end."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from partner_messages.config.setting_groups import Tables
from partner_messages.database.session import Session
from partner_messages.shop.shop import Shop


@pytest.fixture
def changes(_changed_shop: str) -> Iterator[Session]:
    """A session in which a test may change the shop: one transaction that is never committed."""
    with (
        psycopg.connect(_changed_shop, row_factory=dict_row) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


@pytest.fixture
def source(changes: Session) -> Shop:
    """The package's view of the shop, changes included."""
    return Shop(changes, Tables())
