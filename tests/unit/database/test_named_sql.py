"""Each query is used, and has the name of the function that runs it."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter, defaultdict
from pathlib import Path

from partner_messages.config.paths import MIGRATIONS, SQL
from partner_messages.database.named_sql import blocks
from partner_messages.messages.kinds import ReminderKind

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
RUN_BY = {"rows", "rows_async", "each_row", "query", "_rows", "_by_ids", "_rows_with_needs", "Step", "Metric"}
"""What is called with a query's name, or with what holds one."""


def _runs(tree, function=None):
    """A function and a query that it runs, as often as it does."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in RUN_BY:
            names = (a.value for a in node.args if isinstance(a, ast.Constant) and a.value in blocks())
            yield from ((inside, name) for name in names)
        yield from _runs(node, inside)


@functools.cache
def _all_runs():
    """Each query that is run: the file, the function and the query's name."""
    return [
        (path, function, name)
        for path in sorted(PLUGINS.rglob("*.py"))
        for function, name in _runs(ast.parse(path.read_text(encoding="utf-8")))
    ]


PARTS = set(re.findall(r'(?:include|from) "(\w+)"', " ".join(block.text for block in blocks().values())))


def test_a_block_is_run_or_is_a_part_of_one_that_is():
    parts = {name for name, block in blocks().items() if block.is_part}

    assert parts - PARTS == set()
    assert blocks().keys() - parts - {run for _, _, run in _all_runs()} - set(ReminderKind) == set()


def test_a_query_has_the_name_of_the_function_that_runs_it_and_no_other_query():
    runs = [(path, function, name) for path, function, name in _all_runs() if not (function or "").endswith("_async")]
    places = Counter(name for _, _, name in runs)
    functions = defaultdict(list)
    for path, function, name in runs:
        functions[path, function].append(name)

    assert functions
    for (_, function), names in functions.items():
        if function and len(names) == 1 and places[names[0]] == 1:
            assert function.removeprefix("_") == names[0]


def test_an_async_function_is_the_twin_of_one_that_runs_the_same_query():
    asyncs = [run for run in _all_runs() if (run[1] or "").endswith("_async")]
    twins = {(path, function.removesuffix("_async"), name) for path, function, name in asyncs}

    assert twins
    assert twins <= set(_all_runs())


def test_no_two_blocks_have_one_name_and_nothing_stands_outside_of_a_block():
    files = [path for path in SQL.rglob("*.sql") if path.parent != MIGRATIONS]
    texts = [path.read_text(encoding="utf-8") for path in files]

    assert all(re.match(r"-- (?:name|part): \w+\n", text) for text in texts)
    assert sum(len(re.findall(r"^-- (?:name|part):", text, re.MULTILINE)) for text in texts) == len(blocks())


def test_a_block_begins_with_its_purpose():
    assert [name for name, block in blocks().items() if not re.match(r"-- [A-Z(]|\{#- ", block.text)] == []


def test_what_operations_are_to_be_told_is_marked_by_a_query_of_its_own_after_it_was_said():
    """A query that reads what is to be told and marks it at once would lose it where telling breaks off."""
    marks = re.compile(r"SET[^;]*\b(?:\w+_)?told_(?:at|on|by|figures)\)? = (?:%\(|\(\s*SELECT)")
    marking = {name for name, block in blocks().items() if marks.search(block.text)}

    assert marking == {name for name in blocks() if re.fullmatch(r"note_(?:\w+_)?told", name)}
