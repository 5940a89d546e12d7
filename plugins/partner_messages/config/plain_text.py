"""What a text that somebody typed may be made of, and how a long one is laid out in a log (pure)."""

from __future__ import annotations

import textwrap

LONGEST_ID = 200
LOG_WIDTH = 88
"""Characters of a line that Airflow's page shows on a screen of 1,280 pixels; it cuts what is longer."""
INDENT = "    "


def checked_id(value: str) -> str:
    """An id: something to see, and nothing that is not seen.

    PostgreSQL takes no NUL and no half of a character, and a line break in an id would begin a log line of its own.

    Raises:
        ValueError: It cannot be one.
    """
    if not value.strip() or len(value) > LONGEST_ID or not value.isprintable():
        raise ValueError(f"must be an id: up to {LONGEST_ID} characters, all of which can be seen")
    return value


def checked_text(value: str) -> str:
    """A text of several lines, perhaps, that PostgreSQL takes.

    Raises:
        ValueError: It has a NUL or a half of a character.
    """
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be a text without NUL and halves of characters")
    return value


def shown(text: str) -> str:
    """A text from outside in one short line, whatever it has in it."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text[:LONGEST_ID])


def wrapped(text: str, indent: str = "") -> list[str]:
    """A long line as several that Airflow shows whole; all but the first begin further in."""
    return textwrap.wrap(
        text,
        LOG_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
