"""Read the fields of Meta's JSON, each of which may be missing or of another type (pure)."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from typing import Any

from whatsapp_provider.masking import MAX_TEXT_LENGTH, plain

_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
_FIRST_TIME, _END_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_FIRST_MILLISECONDS = 100_000_000_000
"""A timestamp from here on is in milliseconds (as seconds it would be the year 5138)."""
MAX_ID_BYTES = 512
"""Bytes of an id or a name, so that several fit into one entry of a PostgreSQL index."""
_SIGN_RUN = re.compile(r"\W{20,}")
"""A long run of non-word characters, after which a shortened text would have no words. (Vowel signs count as such.)"""

Json = Mapping[str, Any]


class InvalidItemError(ValueError):
    """A required field of an item is missing or invalid."""


def object_of(of: Json, key: str) -> Json:
    """The object of a key; an empty one where there is none."""
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str | None:
    """A string, or an integer as a string: Meta sends ids in both forms."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and len(value) <= MAX_TEXT_LENGTH:
            return value or None  # Most are, and nothing of them is changed.
        return plain(_SIGN_RUN.sub(" ", value) if len(value) > MAX_TEXT_LENGTH else value) or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def id_of(value: Any) -> str | None:
    """An id or a name; None if it is too long to be one."""
    text = text_of(value)
    return text if text and (len(text) if text.isascii() else len(text.encode())) <= MAX_ID_BYTES else None


def upper_of(value: Any) -> str | None:
    """A text in capitals."""
    text = text_of(value)
    return text.upper() if text else None


def integer_of(value: Any) -> int | None:
    """A number that PostgreSQL's `integer` takes."""
    text = text_of(value)
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else None


def required(item: Json, key: str) -> str:
    """The text of a key.

    Raises:
        InvalidItemError: There is none.
    """
    found = text_of(item.get(key))
    if found is None:
        raise InvalidItemError(f'"{key}" is missing')
    return found


def required_id(item: Json) -> str:
    """The id of an item.

    Raises:
        InvalidItemError: There is none, or what there is is no id.
    """
    found = id_of(required(item, "id"))
    if found is None:
        raise InvalidItemError('"id" is too long and no id')
    return found


def required_time(item: Json) -> dt.datetime:
    """The time of an item.

    Raises:
        InvalidItemError: There is none.
    """
    found = time_of(item.get("timestamp"))
    if found is None:
        raise InvalidItemError('"timestamp" is no time')
    return found


def time_of(value: Any) -> dt.datetime | None:
    """A time of this century from seconds or milliseconds since 1970."""
    text = text_of(value)
    return None if text is None else _moment(text)


@functools.lru_cache(maxsize=1_024)  # Most statuses of a webhook have one of a few timestamps.
def _moment(text: str) -> dt.datetime | None:
    if not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII):
        return None
    seconds = int(text)
    if seconds >= _FIRST_MILLISECONDS:
        seconds //= 1000
    try:
        found = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_TIME <= found < _END_TIME else None


def phone_of(value: Any) -> str | None:
    """A phone, E.164, from its digits."""
    digits = (text_of(value) or "").removeprefix("+")
    return f"+{digits}" if _DIGITS.fullmatch(digits) else None
