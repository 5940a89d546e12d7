"""What a picture's own bytes say: whether Meta takes it as the header of a template or of a message.

Meta takes JPEG and PNG, 8 bits a channel, RGB or RGBA, at most 5 MB (reference "whatsapp-cloud-api", section 1.2). A
name's ending and a server's `Content-Type` are often wrong, so neither is asked.
"""

from __future__ import annotations

PICTURE_LIMIT = 5 * 1024 * 1024
"""Bytes."""

_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_RGB_OF_JPEG = (8, 3)
"""Bits a channel and number of channels."""
_RGB_OF_PNG = ((8, 2), (8, 6))
"""Bits a channel and the format's number for RGB and RGBA."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers after which a JPEG says how its samples look."""


def mime_type(content: bytes) -> str | None:
    """`image/jpeg` or `image/png`; None for anything else."""
    if content.startswith(_JPEG_START):
        return "image/jpeg"
    return "image/png" if content.startswith(_PNG_START) else None


def picture_problem(content: bytes) -> str | None:
    """Why Meta would not take a picture, as the rest of a sentence that begins with it; None where it would."""
    kind = mime_type(content)
    if kind is None:
        return "is neither a JPEG nor a PNG"
    if len(content) > PICTURE_LIMIT:
        return f"has {len(content)} bytes, and {PICTURE_LIMIT} is the limit"
    fits = _jpeg_samples(content) == _RGB_OF_JPEG if kind == "image/jpeg" else _png_samples(content) in _RGB_OF_PNG
    return None if fits else "is not in RGB with 8 bits a channel"


def _png_samples(content: bytes) -> tuple[int, int] | None:
    """Bits a channel and colour type, from the chunk that every PNG begins with."""
    return (content[24], content[25]) if content[12:16] == b"IHDR" and len(content) > 25 else None


def _jpeg_samples(content: bytes) -> tuple[int, int] | None:
    """Bits a channel and number of channels, from the frame header behind any number of other segments."""
    place = 2
    while place + 10 <= len(content) and content[place] == 0xFF:
        if content[place + 1] in _FRAMES:
            return content[place + 4], content[place + 9]
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None
