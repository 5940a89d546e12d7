"""Named SQL: `query("idle", production_runs="production_runs")` is the block `-- name: idle` in a file of `include/`.

A file has the queries about one table, or about one work on a table that has many. A block has the name of the function
that runs it; `-- part: …` is a piece of several. Values are always bound by the driver (`%(name)s`); only identifiers
and whole clauses are put in by Jinja2, from validated settings (`settings.Tables`) and constants.
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
    """A named piece of SQL.

    Attributes:
        file: Where it stands.
        text: With Jinja2's placeholders.
        is_part: Whether it is a piece of others, and no query.
    """

    file: Path
    text: str
    is_part: bool


@functools.cache
def blocks() -> Mapping[str, Block]:
    """Every named piece of SQL, by its name, which no other has.

    Raises:
        SettingsError: There is no `include/`.
    """
    files = (file for file in sorted(included(SQL).rglob("*.sql")) if file.parent != MIGRATIONS)
    return {
        name: Block(file, text.strip(), sort == "part")
        for file in files
        for sort, name, text in _pieces(file.read_text(encoding="utf-8"))
    }


def _pieces(text: str) -> list[tuple[str, str, str]]:
    _, *found = _BLOCK.split(text)
    return list(zip(found[::3], found[1::3], found[2::3], strict=True))


@functools.cache
def _environment() -> Environment:
    loader = DictLoader({name: block.text for name, block in blocks().items()})
    # SQL is not HTML: escaping would corrupt it, and nothing from outside is ever rendered into it.
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701


def compile_all() -> None:
    """Compile every block, for the processes that are forked from this one."""
    for name in blocks():
        _environment().get_template(name)


@functools.lru_cache(maxsize=256)
def query(name: str, **identifiers: str | bool) -> str:
    """The text of one named query.

    Args:
        name: Its block.
        identifiers: Table names and switches that the block's placeholders name.

    Raises:
        SettingsError: There is no such block, or no `include/` at all.
        jinja2.UndefinedError: The block has a placeholder that was not given.
    """
    try:
        return _environment().get_template(name).render(identifiers)
    except TemplateNotFound:
        raise SettingsError(
            f'There is no query "{name}" under {SQL}: include/ and plugins/ are of different versions; copy both anew,'
            " from the same one."
        ) from None
