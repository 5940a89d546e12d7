"""Cuts long sequences into pieces, so that no process holds all of one in several forms at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PIECE = 5_000
"""Rows that are turned into something else at once, at most; a few megabytes."""


def pieces(whole: Sequence[T], size: int = PIECE) -> Iterator[Sequence[T]]:
    """The pieces of a sequence, in order, each of the same length; the last one has the rest."""
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
