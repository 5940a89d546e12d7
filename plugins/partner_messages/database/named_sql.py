"""Named SQL: `query("idle", production_runs="production_runs")` is the block `-- name: idle` in a file of `include/`.

A file has the queries of one table, or of one task on a large table. A block has the name of the function that runs it;
`-- part: …` is included by other blocks. Values are always bound by the driver (`%(name)s`); Jinja2 inserts only
identifiers and whole clauses, from validated settings (`settings.Tables`) and constants.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateNotFound

from partner_messages.config.paths import MIGRATIONS, SQL, included
from partner_messages.config.settings import SettingsError

_BLOCK = re.compile(r"^-- (name|part): (\w+)$\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A named block of SQL.

    Attributes:
        file: Its file.
        text: Its text with Jinja2's placeholders.
        is_part: Whether it is part of other blocks, and no query.
    """

    file: Path
    text: str
    is_part: bool


@functools.cache
def blocks() -> Mapping[str, Block]:
    """Every block by its name.

    Raises:
        SettingsError: There is no `include/`.
    """
    files = (file for file in sorted(included(SQL).rglob("*.sql")) if file.parent != MIGRATIONS)
    return {
        name: Block(file, text.strip(), kind == "part")
        for file in files
        for kind, name, text in _split(file.read_text(encoding="utf-8"))
    }


def _split(text: str) -> list[tuple[str, str, str]]:
    _, *found = _BLOCK.split(text)
    return list(zip(found[::3], found[1::3], found[2::3], strict=True))


@functools.cache
def _environment() -> Environment:
    loader = DictLoader({name: block.text for name, block in blocks().items()})
    # No escaping: SQL is not HTML, and no outside value is rendered into it.
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701


def compile_all() -> None:
    """Compile every block, so that forked processes need not."""
    for name in blocks():
        _environment().get_template(name)


@functools.lru_cache(maxsize=256)
def query(name: str, **identifiers: str | bool) -> str:
    """The text of a named query.

    Args:
        name: The name of its block.
        identifiers: Table names and switches for its placeholders.

    Raises:
        SettingsError: There is no such block, or no `include/`.
        jinja2.UndefinedError: A placeholder was not given.
    """
    try:
        return _environment().get_template(name).render(identifiers)
    except TemplateNotFound:
        raise SettingsError(
            f'There is no query "{name}" under {SQL}: include/ and plugins/ are of different versions; copy both anew,'
            " from the same one."
        ) from None
