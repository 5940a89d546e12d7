"""No query reads a table of the message log from end to end, and none takes the square of the day's messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Rollback
from psycopg.rows import dict_row

from partner_messages.database.named_sql import blocks
from support.log_rows import Log
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

WITHOUT_STATISTICS = {
    "not_on_whatsapp": "It reads the index of all that was sent for each partner (not for each message).",
}
"""Queries that touch more on a first day, each with the reason."""

SMALL_DAY, LARGE_DAY = 60, 240
FIRST_DAY, EACH = 1_000, 60
"""Messages of a first day, and how many pages and rows a query may touch for each of them: the square has 1,000."""
SOME_PAGES = 300
"""What any query may touch, however small the day."""


@dataclass(frozen=True)
class Measured:
    """What a query does on a large day, and how much it touches on a small and on a large one."""

    whole: frozenset[str]
    small: int
    large: int


@pytest.fixture(scope="module")
def long_history(_templates: Any) -> Iterator[Log]:
    """A log of years; PostgreSQL's statistics are of it."""
    with _log(_templates, "long_history") as log:
        write_history(log)
        yield log


@pytest.fixture(scope="module")
def first_day(_templates: Any) -> Iterator[Log]:
    """A log in which nothing stands yet, and of which PostgreSQL has no statistics."""
    with _log(_templates, "first_day") as log:
        yield log


@contextlib.contextmanager
def _log(templates: Any, name: str) -> Iterator[Log]:
    url, options = templates.create_database(name, template="log_template"), "-c search_path=partner_messages"
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as log:
        yield log
    templates.drop_database(name)


@pytest.fixture(scope="module")
def measured(long_history: Log) -> Mapping[str, Measured]:
    """Every query, carried out on a small and on a large day after a long history."""
    return _measured(long_history, SMALL_DAY, LARGE_DAY)


def _measured(log: Log, small: int, large: int) -> Mapping[str, Measured]:
    touched: dict[int, dict[str, int]] = {}
    for size in (small, large):
        with log.transaction() as day:
            messages = put_day(log, size)
            asked = {query: parameters(messages, query) for query in QUERIES}
            whole = {query: whole_scans(log, query, asked[query]) for query in QUERIES}
            touched[size] = {query: work(log, query, asked[query]) for query in QUERIES}
            raise Rollback(day)
    return {
        query: Measured(frozenset(whole[query] & LARGE), touched[small][query], touched[large][query])
        for query in QUERIES
    }


def test_no_query_reads_a_large_table_from_end_to_end(measured: Mapping[str, Measured]) -> None:
    assert {query: one.whole for query, one in measured.items() if bool(one.whole) != (query in EXCEPTIONS)} == {}


def test_a_day_four_times_as_large_takes_a_query_four_times_as_much(measured: Mapping[str, Measured]) -> None:
    most = 1.5 * LARGE_DAY / SMALL_DAY
    assert {query: one for query, one in measured.items() if one.large > most * one.small + SOME_PAGES} == {}


@pytest.mark.slow
def test_no_query_takes_the_square_of_a_first_day_of_which_there_are_no_statistics(first_day: Log) -> None:
    measured = _measured(first_day, SMALL_DAY, FIRST_DAY)
    too_much = {query: one.large for query, one in measured.items() if one.large > EACH * FIRST_DAY}
    assert too_much.keys() == WITHOUT_STATISTICS.keys(), too_much
