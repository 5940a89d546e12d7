"""What the bytes of a picture say."""

from __future__ import annotations

import struct

import pytest

from partner_messages.paths import TEMPLATES
from partner_messages.templates.pictures import PICTURE_LIMIT, mime_type, picture_problem

SHARED = (TEMPLATES / "block-print.png").read_bytes()


def png(bits: int, colour: int) -> bytes:
    return SHARED[:24] + bytes((bits, colour)) + SHARED[26:]


def jpeg(bits: int, channels: int, before: bytes = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)) -> bytes:
    """As much of a JPEG as says how its samples look: other segments, then the frame header."""
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 8 + 3 * channels, bits, 1, 1, channels) + bytes(3 * channels)
    return b"\xff\xd8" + before + frame + b"\xff\xd9"


def test_the_shipped_picture_is_one_that_meta_takes() -> None:
    assert mime_type(SHARED) == "image/png"
    assert picture_problem(SHARED) is None


@pytest.mark.parametrize("content", [png(8, 2), png(8, 6), jpeg(8, 3), jpeg(8, 3, before=b"")])
def test_rgb_with_eight_bits_is_taken(content: bytes) -> None:
    assert picture_problem(content) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png(8, 3), id="a PNG with a palette"),
        pytest.param(png(8, 0), id="a grey PNG"),
        pytest.param(png(16, 2), id="a PNG with 16 bits"),
        pytest.param(SHARED[:20], id="a PNG that was cut off"),
        pytest.param(jpeg(8, 1), id="a grey JPEG"),
        pytest.param(jpeg(8, 4), id="a JPEG for print, in CMYK"),
        pytest.param(jpeg(12, 3), id="a JPEG with 12 bits"),
        pytest.param(jpeg(8, 3)[:12], id="a JPEG that was cut off"),
    ],
)
def test_other_colours_are_refused(content: bytes) -> None:
    assert mime_type(content) is not None
    assert picture_problem(content) == "is not in RGB with 8 bits a channel"


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"<svg/>", b"<html>not found</html>", b"\xff\xd8"]
)
def test_other_formats_are_refused(content: bytes) -> None:
    assert mime_type(content) is None
    assert picture_problem(content) == "is neither a JPEG nor a PNG"


def test_five_megabytes_are_the_limit() -> None:
    assert picture_problem(SHARED.ljust(PICTURE_LIMIT, b"\x00")) is None
    assert picture_problem(SHARED.ljust(PICTURE_LIMIT + 1, b"\x00")) == "has 5242881 bytes, and 5242880 is the limit"
