"""Meta's resumable upload of example pictures (docs/graph-api/guides/upload)."""

from __future__ import annotations

import base64
import os
import struct
from dataclasses import dataclass, field

from sandbox.graph_api.errors import GraphError, invalid_parameter
from sandbox.graph_api.routes import UPLOAD_PREFIX

MEGABYTE = 1024 * 1024
MAX_IMAGE_BYTES = 5 * MEGABYTE
IMAGE_TYPES = ("image/jpeg", "image/jpg", "image/png")
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_COLOURS = {2: "RGB", 6: "RGBA"}
JPEG_START = b"\xff\xd8"
# Markers that begin a JPEG's frame header, which has sample size and number of colour components.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass
class Upload:
    """An upload session.

    Attributes:
        id: `upload:` and an opaque text.
        app_id: Its app.
        file_type: The announced MIME type.
        file_length: The announced number of bytes.
        received: The bytes received so far.
        handle: The value for `example.header_handle`; None until all bytes were received.
    """

    id: str
    app_id: str
    file_type: str
    file_length: int
    received: bytearray = field(default_factory=bytearray)
    handle: str | None = None


class Uploads:
    """All upload sessions."""

    def __init__(self) -> None:
        self._sessions: dict[str, Upload] = {}
        self._apps: dict[str, str] = {}

    def open(self, app_id: str, file_type: str, file_length: str) -> Upload:
        """Open a session.

        Raises:
            GraphError: 100 for a type or length that a header picture cannot have.
        """
        if file_type not in IMAGE_TYPES:
            raise invalid_parameter(f"Param file_type must be one of {{image/jpeg, image/png}} - got '{file_type}'.")
        if not file_length.isascii() or not file_length.isdigit() or int(file_length) == 0:
            raise invalid_parameter("Param file_length must be an integer greater than or equal to 1.")
        if int(file_length) > MAX_IMAGE_BYTES:
            raise invalid_parameter(f"Param file_length must be at most {MAX_IMAGE_BYTES} for an image.")
        opaque = base64.urlsafe_b64encode(b"MTphdHRhY2htZW50Og" + os.urandom(15)).decode()
        upload = Upload(f"{UPLOAD_PREFIX}{opaque}", app_id, file_type, int(file_length))
        self._sessions[upload.id] = upload
        return upload

    def get(self, upload_id: str) -> Upload | None:
        """The session with this id."""
        return self._sessions.get(upload_id)

    def receive(self, upload: Upload, offset: str, content: bytes) -> str | None:
        """Receive bytes of a file.

        Args:
            upload: The session.
            offset: The `file_offset` header: the number of bytes that the client has sent before.
            content: The bytes.

        Returns:
            The handle if the file is complete, else None.

        Raises:
            GraphError: 100 for a wrong offset, too many bytes, or an unusable picture.
        """
        if offset != str(len(upload.received)):
            raise invalid_parameter(f"file_offset must be {len(upload.received)}, the number of bytes received so far.")
        if len(upload.received) + len(content) > upload.file_length:
            raise invalid_parameter(f"More bytes were sent than the file_length of {upload.file_length}.")
        upload.received += content
        if len(upload.received) < upload.file_length:
            return None
        if problem := image_problem(bytes(upload.received), upload.file_type):
            upload.received.clear()
            raise GraphError(100, problem)
        token = base64.urlsafe_b64encode(os.urandom(24)).rstrip(b"=").decode()
        upload.handle = f"4::{base64.b64encode(upload.file_type.encode()).decode()}:AR{token}:e:{upload.app_id}"
        self._apps[upload.handle] = upload.app_id
        return upload.handle

    def is_handle(self, handle: str, app_id: str) -> bool:
        """Whether this is the handle of a complete upload to that app."""
        return self._apps.get(handle) == app_id


def image_problem(content: bytes, file_type: str) -> str | None:
    """Why a file is unusable as a header picture (Meta accepts JPEG and PNG, 8-bit RGB or RGBA); None if it is usable.

    Args:
        content: The whole file.
        file_type: The announced MIME type.
    """
    if content.startswith(PNG_START):
        if file_type != "image/png":
            return f"The file is a PNG but was announced as {file_type}."
        depth, colour = content[24:26] if len(content) >= 26 else b"\x00\x00"
        return None if depth == 8 and colour in PNG_COLOURS else "A PNG must have 8 bits a channel, RGB or RGBA."
    if content.startswith(JPEG_START):
        if file_type == "image/png":
            return "The file is a JPEG but was announced as image/png."
        return None if jpeg_frame(content) == (8, 3) else "A JPEG must have 8 bits a channel, RGB."
    return "The file is neither a JPEG nor a PNG."


def jpeg_frame(content: bytes) -> tuple[int, int] | None:
    """Bits per sample and number of colour components of a JPEG; None if it has no readable frame header."""
    place = len(JPEG_START)
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], struct.unpack(">H", content[place + 2 : place + 4])[0]
        if marker in JPEG_FRAMES:
            return content[place + 4], content[place + 9]
        place += 2 + length
    return None
