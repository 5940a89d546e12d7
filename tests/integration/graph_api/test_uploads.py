"""Example pictures: the resumable upload and what counts as a picture."""

from __future__ import annotations

import struct

import pytest

from sandbox.graph_api.uploads import MAX_IMAGE_BYTES, image_problem

PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def png(depth=8, colour=2):
    return PNG_START + struct.pack(">IIBBBBB", 2, 2, depth, colour, 0, 0, 0) + b"rest"


def jpeg(precision=8, components=3, frame=0xC0):
    application = b"\xff\xe0" + struct.pack(">H", 4) + b"JF"
    return b"\xff\xd8" + application + bytes([0xFF, frame]) + struct.pack(">HBHHB", 17, precision, 2, 2, components)


@pytest.fixture
def open_upload(graph, india):
    def ask(**query):
        return graph.post(f"/{india.app_id}/uploads", params=query)

    return ask


@pytest.fixture
def push(graph, india):
    def ask(session, content, offset=0):
        headers = {"authorization": f"OAuth {india.token}", "file_offset": str(offset)}
        return graph.post(f"/{session}", content=content, headers=headers)

    return ask


@pytest.mark.parametrize(
    ("content", "file_type"), [(png(), "image/png"), (png(colour=6), "image/png"), (jpeg(), "image/jpeg")]
)
def test_a_picture_gives_a_handle(open_upload, push, content, file_type):
    session = open_upload(file_length=len(content), file_type=file_type, file_name="a").json()["id"]
    assert session.startswith("upload:")
    assert push(session, content).json()["h"].startswith("4::")


def test_a_broken_upload_goes_on_where_it_stopped(open_upload, push, graph):
    content = png()
    session = open_upload(file_length=len(content), file_type="image/png").json()["id"]
    assert push(session, content[:10]).json() == {"id": session, "file_offset": 10}
    assert graph.get(f"/{session}").json() == {"id": session, "file_offset": 10}
    assert push(session, content[5:], 5).status_code == 400
    assert "h" in push(session, content[10:], 10).json()


@pytest.mark.parametrize(
    "query",
    [
        {"file_length": 10},
        {"file_length": 10, "file_type": "image/webp"},
        {"file_length": 10, "file_type": "video/mp4"},
        {"file_type": "image/png"},
        {"file_length": 0, "file_type": "image/png"},
        {"file_length": "-1", "file_type": "image/png"},
        {"file_length": MAX_IMAGE_BYTES + 1, "file_type": "image/png"},
    ],
)
def test_only_a_picture_of_at_most_five_megabytes_is_announced(open_upload, query):
    answer = open_upload(**query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_more_than_was_announced_is_refused(open_upload, push):
    session = open_upload(file_length=len(png()) - 1, file_type="image/png").json()["id"]
    assert push(session, png()).status_code == 400


def test_a_file_that_is_no_picture_is_refused_and_can_be_sent_again(open_upload, push):
    content = png()
    session = open_upload(file_length=len(content), file_type="image/png").json()["id"]
    assert push(session, b"x" * len(content)).status_code == 400
    assert push(session, content).status_code == 200


@pytest.mark.parametrize(
    ("content", "file_type", "problem"),
    [
        (png(), "image/png", None),
        (jpeg(frame=0xC2), "image/jpeg", None),
        (png(), "image/jpeg", "The file is a PNG but was announced as image/jpeg."),
        (jpeg(), "image/png", "The file is a JPEG but was announced as image/png."),
        (png(depth=16), "image/png", "A PNG must have 8 bits a channel, RGB or RGBA."),
        (png(colour=3), "image/png", "A PNG must have 8 bits a channel, RGB or RGBA."),
        (png()[:20], "image/png", "A PNG must have 8 bits a channel, RGB or RGBA."),
        (jpeg(precision=12), "image/jpeg", "A JPEG must have 8 bits a channel, RGB."),
        (jpeg(components=4), "image/jpeg", "A JPEG must have 8 bits a channel, RGB."),
        (b"\xff\xd8\xff", "image/jpeg", "A JPEG must have 8 bits a channel, RGB."),
        (b"RIFF....WEBP", "image/jpeg", "The file is neither a JPEG nor a PNG."),
    ],
)
def test_a_header_picture_is_jpeg_or_png_with_8_bits_and_colours(content, file_type, problem):
    assert image_problem(content, file_type) == problem


def test_an_upload_belongs_to_its_app(api, open_upload, push, graph):
    assert graph.post("/311000000000009/uploads", params={"file_length": 1}).json()["error"]["error_subcode"] == 33
    assert push("upload:unknown", b"x").json()["error"]["error_subcode"] == 33
