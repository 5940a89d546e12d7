"""A receiver of webhooks that a test holds in its hand: it keeps what comes and answers as it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.http_server import Handler, listening

VERIFY_TOKEN = "sandbox-verify-token"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""When it is while somebody listens."""


@dataclass
class Receiver:
    """What came, and what is answered.

    Attributes:
        url: Where it listens.
        verify_token: What it recognises a verification by.
        asked: The queries of the verifications.
        bodies: The raw bodies of the POSTs, in the order in which they came.
        headers: Theirs, names in lower case.
        answers: HTTP statuses of the next POSTs, and 200 after them; None hangs until `release`.
        challenge: What is answered to a verification; None for the challenge itself.
    """

    url: str = ""
    verify_token: str = VERIFY_TOKEN
    asked: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    challenge: tuple[int, str] | None = None
    _released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def release(self) -> None:
        """Let what hangs be answered."""
        self._released.set()

    @property
    def contents(self) -> list[dict[str, Any]]:
        """The bodies, read."""
        return [json.loads(body) for body in self.bodies]

    def values(self, field_name: str = "messages") -> list[dict[str, Any]]:
        """The values of a field, in the order in which they came."""
        return [
            change["value"]
            for content in self.contents
            for entry in content["entry"]
            for change in entry["changes"]
            if change["field"] == field_name
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """All statuses, in the order in which they came."""
        return [status for value in self.values() for status in value.get("statuses", ())]

    def messages(self) -> list[dict[str, Any]]:
        """All inbound messages, in the order in which they came."""
        return [message for value in self.values() for message in value.get("messages", ())]

    def signed_with(self, secret: str) -> list[bool]:
        """For each POST, whether this secret has signed the very bytes that came."""
        return [
            headers.get("x-hub-signature-256")
            == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            for headers, body in zip(self.headers, self.bodies, strict=True)
        ]

    def asks(self, query: dict[str, str]) -> tuple[int, str]:
        """Answer a verification."""
        self.asked.append(query)
        if self.challenge is not None:
            return self.challenge
        if query.get("hub.mode") == "subscribe" and query.get("hub.verify_token") == self.verify_token:
            return 200, query["hub.challenge"]
        return 403, "Forbidden"

    def takes(self, body: bytes, headers: dict[str, str]) -> int:
        """Take a POST."""
        with self._lock:
            self.bodies.append(body)
            self.headers.append(headers)
            status = self.answers.pop(0) if self.answers else 200
        if status is None:
            self._released.wait(60)
            return 200
        return status


@contextmanager
def receiver(path: str = "/partner-messages/webhook") -> Iterator[Receiver]:
    """Run one on loopback."""
    kept = Receiver()

    def answer(request: Handler, body: bytes) -> tuple[int, bytes]:
        if not request.path.startswith(path):
            return 404, b"Not Found"  # Whoever asks for a server that had this port before.
        if request.command == "POST":
            return kept.takes(body, {name.lower(): value for name, value in request.headers.items()}), b"ok"
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        status, text = kept.asks(query)
        return status, text.encode()

    with listening(answer) as url:
        kept.url = url + path
        try:
            yield kept
        finally:
            kept.release()


def wamid_of(answer: Any) -> str:
    """The id that the Graph API has answered a request to send with."""
    wamid: str = answer.json()["messages"][0]["id"]
    return wamid


def told(ours: Receiver) -> list[str]:
    """The statuses that came, in their order."""
    return [status["status"] for status in ours.statuses()]
