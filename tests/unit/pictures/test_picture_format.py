"""Which files Meta takes for pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.templates.catalog.installed import installed_catalog
from support.picture_files import jpeg, png
from whatsapp_provider.templates.picture_formats import MAGIC_LENGTH, MAX_BYTES, has_magic, why_unusable

OTHERS = {
    "a web page": b"<!DOCTYPE html><title>Not found</title>",
    "WebP": b"RIFF\x24\0\0\0WEBPVP8 ",
    "GIF": b"GIF89a\1\0\1\0\x80\0\0",
    "AVIF": b"\0\0\0\x20ftypavif\0\0\0\0",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n",
    "nothing": b"",
    "half a magic": png()[:4],
    "a PNG behind a space": b" " + png(),
}


@pytest.mark.parametrize(
    "data",
    [png(), png(colours=6), jpeg(), jpeg(frame=0xC1), jpeg(frame=0xC2), jpeg() + b"what a camera adds", png() + b"\n"],
    ids=["RGB PNG", "RGBA PNG", "JPEG", "extended JPEG", "progressive JPEG", "JPEG and more", "PNG and more"],
)
def test_a_jpeg_and_a_png_are_taken(data):
    assert why_unusable(data) is None
    assert has_magic(data[:MAGIC_LENGTH])


def test_the_example_picture_of_our_own_templates_is_taken():
    pictures = {template.picture for template in installed_catalog() if template.picture}

    assert pictures
    assert [why_unusable(picture.read_bytes()) for picture in pictures] == [None] * len(pictures)


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_anything_else_is_not_whatever_it_is_called(data):
    assert why_unusable(data) == "it is neither a JPEG nor a PNG"
    assert not has_magic(data[:MAGIC_LENGTH])


@pytest.mark.parametrize(
    "data",
    [
        *(png(depth=16), png(colours=0), png(colours=3), png(colours=4)),
        *(jpeg(depth=12, frame=0xC1), jpeg(components=1), jpeg(components=4)),
    ],
    ids=[
        "16-bit PNG",
        "grey PNG",
        "PNG with a palette",
        "grey PNG with alpha",
        "12-bit JPEG",
        "grey JPEG",
        "CMYK JPEG",
    ],
)
def test_colours_that_meta_does_not_take_are_told(data):
    assert why_unusable(data) == "its colours are not 8-bit RGB or RGBA"


@pytest.mark.parametrize("length", range(3, len(jpeg())))
def test_a_jpeg_that_ends_too_early_is_broken(length):
    assert why_unusable(jpeg()[:length]) == "it is a broken file"


@pytest.mark.parametrize("length", range(8, len(png()) - 8))
def test_a_png_that_ends_too_early_is_broken(length):
    assert why_unusable(png()[:length]) == "it is a broken file"


def test_five_megabytes_are_taken_and_a_byte_more_is_not():
    assert len(png(size=MAX_BYTES)) == 5 * 1024 * 1024
    assert why_unusable(png(size=MAX_BYTES)) is None
    assert why_unusable(png(size=MAX_BYTES + 1)) == "it is larger than 5 MB"


@given(beginning=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]), rest=st.binary(max_size=300))
def test_any_bytes_can_be_judged(beginning, rest):
    said = why_unusable(beginning + rest)

    assert said is None or said.startswith(("it is ", "its colours "))
