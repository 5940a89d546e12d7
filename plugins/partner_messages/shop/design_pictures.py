"""Where the shop keeps a design's pictures (values only; `pictures.usable` says whether one can be used)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

_URL_KEYS = ("url", "image", "src")
"""What the shop's pages call a picture's URL within an object, in the order in which they are looked for."""


@dataclass(frozen=True)
class DesignPictures:
    """The columns of one design that may hold pictures, as text: nothing in the shop keeps their shape.

    The fields are in the order in which they are looked through.
    """

    thumbnail_url: str | None
    media_files: str | None
    moodboard: str | None
    design_files: str | None

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL, the best first, each once. An object in place of a list holds none."""
        columns = (self.thumbnail_url, self.media_files, self.moodboard, self.design_files)
        return tuple(dict.fromkeys(url for column in columns if column for url in _urls(_decoded(column))))


PICTURE_COLUMNS = tuple(column.name for column in fields(DesignPictures))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # A plain URL, most likely; whatever else it is will not be one.


def _urls(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value] if isinstance(value, str) else []:
        wanted = [entry.get(key) for key in _URL_KEYS] if isinstance(entry, dict) else [entry]
        url = next((one.strip() for one in wanted if isinstance(one, str) and one.strip()), None)
        if url:
            yield url
