"""Named SQL: `query("runs/idle.sql", production_runs="production_runs")` reads `include/sql/runs/idle.sql`.

Values are always bound by the driver (`%(name)s`); only identifiers and whole clauses are put in by Jinja2, from
validated settings (`settings.Tables`) and constants.
"""

from __future__ import annotations

import functools

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from partner_messages.config.paths import SQL, included
from partner_messages.config.settings import SettingsError


@functools.cache
def _environment() -> Environment:
    # SQL is not HTML: escaping would corrupt it, and nothing from outside is ever rendered into it.
    return Environment(loader=FileSystemLoader(included(SQL)), undefined=StrictUndefined, autoescape=False)  # noqa: S701


@functools.lru_cache(maxsize=256)
def query(name: str, **identifiers: str | bool) -> str:
    """The text of one named query.

    Args:
        name: The file under `include/sql/`.
        identifiers: Table names and switches that the file's placeholders name.

    Raises:
        SettingsError: There is no such file, or no `include/` at all.
        jinja2.UndefinedError: The file has a placeholder that was not given.
    """
    try:
        return _environment().get_template(name).render(identifiers)
    except TemplateNotFound:
        raise SettingsError(
            f"There is no file {SQL / name}: include/ and plugins/ are of different versions; copy both anew, from the"
            " same one."
        ) from None
