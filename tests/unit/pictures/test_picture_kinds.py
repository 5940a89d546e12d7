"""What the bytes of a picture say it is."""

from __future__ import annotations

import pytest

from partner_messages.config.paths import TEMPLATES
from support.picture_files import jpeg, png
from whatsapp_provider.templates.picture_formats import mime_type


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param((TEMPLATES / "block-print.png").read_bytes(), "image/png", id="the shipped picture"),
        pytest.param(png(), "image/png", id="a PNG"),
        pytest.param(jpeg(), "image/jpeg", id="a JPEG"),
        pytest.param(b"GIF89a", None, id="a GIF"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 ", None, id="a WebP"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say(content, kind):
    assert mime_type(content) == kind
