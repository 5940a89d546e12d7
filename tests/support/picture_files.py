"""Picture files made by hand, so that a test says exactly what is wrong with each."""

from __future__ import annotations

import zlib


def png(*, depth: int = 8, colours: int = 2, size: int = 0) -> bytes:
    """A PNG of one pixel; a comment brings it to `size` bytes."""
    header = b"\0\0\0\1\0\0\0\1" + bytes([depth, colours]) + b"\0\0\0"
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(b"\0\0\0\0\0")), _chunk(b"IEND", b"")]
    missing = size - len(b"\x89PNG\r\n\x1a\n") - len(b"".join(chunks))
    if missing > 0:
        chunks.insert(1, _chunk(b"tEXt", b"." * (missing - 12)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def jpeg(*, frame: int = 0xC0, depth: int = 8, components: int = 3, comment: bytes = b"") -> bytes:
    """A JPEG of one pixel, with a small picture of its own end in a comment as cameras have it."""
    described = b"".join(bytes([number, 0x11, 0]) for number in range(1, components + 1))
    scanned = b"".join(bytes([number, 0]) for number in range(1, components + 1))
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            _segment(0xE1, b"Exif\0\0\xff\xd8\xff\xd9" + comment),
            b"\xff",  # Padding, which may stand before any marker.
            _segment(frame, bytes([depth]) + b"\0\1\0\1" + bytes([components]) + described),
            _segment(0xDA, bytes([components]) + scanned + b"\0\x3f\0"),
            b"\x12\xff\0\x34",
            b"\xff\xd9",
        ]
    )


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data
