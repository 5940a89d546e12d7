"""No query reads a table of the message log from end to end, and none takes the square of the day's messages."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Rollback
from psycopg.rows import dict_row

from partner_messages.database.named_sql import blocks
from support.log_rows import Log
from support.long_history import parameters, parameters_of_a_day, put_day, write_history
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
FIRST_DAY, EACH = 500, 60
"""Messages of a first day, and how many pages and rows a query may touch for each of them: the square has 500."""
SOME_PAGES = 300
"""What any query may touch, however small the day."""


@dataclass(frozen=True)
class Measured:
    """What a query does on a large day, and how much it touches on a small and on a large one."""

    whole: frozenset[str]
    small: int
    large: int


@pytest.fixture(scope="module")
def empty_logs(_templates: Any) -> Callable[[str], AbstractContextManager[Log]]:
    """Makes an empty log by a name of its own, for a block."""

    @contextlib.contextmanager
    def empty_log(name: str) -> Iterator[Log]:
        url, options = _templates.create_database(name, template="log_template"), "-c search_path=partner_messages"
        with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as log:
            yield log
        _templates.drop_database(name)

    return empty_log


def _of_a_day(log: Log, size: int, measure: Callable[[Log, str, dict[str, Any]], Any]) -> dict[str, Any]:
    """What is measured of every query on a day with so many messages; the day is taken back."""
    with log.transaction() as day:
        messages = put_day(log, size)
        of_a_day = parameters_of_a_day(messages)
        found = {query: measure(log, query, parameters(of_a_day, messages, query)) for query in QUERIES}
        raise Rollback(day)
    return found


@pytest.fixture(scope="module")
def measured(empty_logs: Callable[[str], AbstractContextManager[Log]]) -> Mapping[str, Measured]:
    """Every query, carried out on a small and on a large day after a long history, of which the statistics are."""
    with empty_logs("long_history") as log:
        write_history(log)
        small, large = _of_a_day(log, SMALL_DAY, work), _of_a_day(log, LARGE_DAY, work)
        whole = _of_a_day(log, LARGE_DAY, whole_scans)
    return {query: Measured(frozenset(whole[query] & LARGE), small[query], large[query]) for query in QUERIES}


def test_no_query_reads_a_large_table_from_end_to_end(measured: Mapping[str, Measured]) -> None:
    assert {query: one.whole for query, one in measured.items() if bool(one.whole) != (query in EXCEPTIONS)} == {}


def test_a_day_four_times_as_large_takes_a_query_four_times_as_much(measured: Mapping[str, Measured]) -> None:
    most = 1.5 * LARGE_DAY / SMALL_DAY
    assert {query: one for query, one in measured.items() if one.large > most * one.small + SOME_PAGES} == {}


def test_no_query_takes_the_square_of_a_first_day_of_which_there_are_no_statistics(
    empty_logs: Callable[[str], AbstractContextManager[Log]],
) -> None:
    # The first day of this log, in fact: once a day was taken back, autovacuum may note that the tables are empty.
    with empty_logs("first_day") as log:
        touched = _of_a_day(log, FIRST_DAY, work)
    assert {query: pages for query, pages in touched.items() if pages > EACH * FIRST_DAY} == {}
