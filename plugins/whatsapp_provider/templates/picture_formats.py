"""Check the bytes of a picture, not the server's content type (pure).

Meta accepts JPEG and PNG, 8-bit RGB or RGBA, up to 5 MB; with any other picture the message fails with error 131053.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_BYTES = 5 * 1024 * 1024
TOO_LARGE = "it is larger than 5 MB"
WRONG_FORMAT = "it is neither a JPEG nor a PNG"
_BROKEN = "it is a broken file"
_COLOURS = "its colours are not 8-bit RGB or RGBA"

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_MIME_TYPES = {_PNG: "image/png", _JPEG: "image/jpeg"}
MAGIC_LENGTH = len(_PNG)

_PNG_COLOURS = frozenset({2, 6})
"""Truecolour, without and with alpha (PNG, table 11.1); not greyscale, not a palette."""

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that begin a frame header (T.81, table B.1); the three excluded ones are no frames."""
_JPEG_SCAN, _JPEG_END = 0xDA, b"\xff\xd9"
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def has_magic(beginning: bytes) -> bool:
    """Whether the first `MAGIC_LENGTH` bytes of a file are those of a JPEG or a PNG."""
    return mime_type(beginning) is not None


def mime_type(beginning: bytes) -> str | None:
    """`image/jpeg` or `image/png` by the first bytes of a file; None for any other file."""
    return next((kind for magic, kind in _MIME_TYPES.items() if beginning.startswith(magic)), None)


def why_unusable(data: bytes) -> str | None:
    """Why Meta would not accept these bytes as a picture; None if it would."""
    if len(data) > MAX_BYTES:
        return TOO_LARGE
    try:
        if data.startswith(_PNG):
            return _why_unusable_png(data)
        if data.startswith(_JPEG):
            return _why_unusable_jpeg(data)
    except IndexError:  # The file is truncated.
        return _BROKEN
    return WRONG_FORMAT


def _why_unusable_png(data: bytes) -> str | None:
    position = len(_PNG)
    if data[position + 4 : position + 8] != b"IHDR":
        return _BROKEN
    depth, colours = data[position + 16], data[position + 17]
    if depth != 8 or colours not in _PNG_COLOURS:
        return _COLOURS
    # Chunks: length, name, data, checksum; the last one is called IEND.
    while (name := data[position + 4 : position + 8]) != b"IEND":
        if not name:
            return _BROKEN
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return None


def _why_unusable_jpeg(data: bytes) -> str | None:
    frame_seen = False
    for marker, position in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            frame_seen = True
            # After the length: bits a sample, height, width, components (1 is greyscale, 4 is CMYK).
            if data[position + 2] != 8 or data[position + 7] != 3:
                return _COLOURS
        if marker == _JPEG_SCAN:
            # Scan data never contains the end marker: each 0xff in it is followed by a zero.
            return None if frame_seen and data.find(_JPEG_END, position) > 0 else _BROKEN
    return _BROKEN


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each segment's marker and the position after the marker, up to the first scan."""
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # Padding.
            position += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            position += 2
        else:
            yield marker, position + 2
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
