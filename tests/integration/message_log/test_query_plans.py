"""No query reads a table of the message log from end to end, and none takes the square of the day's messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Rollback
from psycopg.rows import dict_row

from partner_messages.database.named_sql import blocks
from support.long_history import parameters, put_day, write_history
from support.query_plans import whole_scans, work

QUERIES = sorted(
    name
    for name, block in blocks().items()
    if not block.is_part and block.file.parent.name == "message_log" and block.file.stem != "template_approval"
)
LARGE = {"message_log", "message_run", "stuck_run", "produced_quantity_seen"}
EXCEPTIONS: dict[str, str] = {}
"""Queries that may read one of them from end to end, each with the reason."""

SMALL_DAY, LARGE_DAY = 60, 240
SOME_PAGES = 300
"""What any query may touch, however small the day."""


@dataclass(frozen=True)
class Measured:
    """What a query does on a large day, and how much it touches on a small and on a large one."""

    whole: frozenset[str]
    small: int
    large: int


@pytest.fixture(scope="module")
def measured(_templates: Any) -> Mapping[str, Measured]:
    """Every query, carried out on a small and on a large day after a long history."""
    url = _templates.create_database("long_history", template="log_template")
    touched: dict[int, dict[str, int]] = {}
    options = "-c search_path=partner_messages"
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as log:
        write_history(log)
        for size in (SMALL_DAY, LARGE_DAY):
            with log.transaction() as day:
                messages = put_day(log, size)
                asked = {query: parameters(messages, query) for query in QUERIES}
                whole = {query: whole_scans(log, query, asked[query]) for query in QUERIES}
                touched[size] = {query: work(log, query, asked[query]) for query in QUERIES}
                raise Rollback(day)
    _templates.drop_database("long_history")
    return {
        query: Measured(frozenset(whole[query] & LARGE), touched[SMALL_DAY][query], touched[LARGE_DAY][query])
        for query in QUERIES
    }


def test_no_query_reads_a_large_table_from_end_to_end(measured: Mapping[str, Measured]) -> None:
    assert {query: one.whole for query, one in measured.items() if bool(one.whole) != (query in EXCEPTIONS)} == {}


def test_a_day_four_times_as_large_takes_a_query_four_times_as_much(measured: Mapping[str, Measured]) -> None:
    most = 1.5 * LARGE_DAY / SMALL_DAY
    assert {query: one for query, one in measured.items() if one.large > most * one.small + SOME_PAGES} == {}
