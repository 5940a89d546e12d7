"""What a picture's own bytes say it is: a file's name may say something else."""

from __future__ import annotations

_STARTS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


def mime_type(content: bytes) -> str | None:
    """`image/jpeg` or `image/png`, which are all that Meta takes; None for anything else."""
    return next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
