"""The receiver of webhooks on a port of its own, in a thread of this process."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn

from partner_messages.webhook.app import PATH, PREFIX, Receiver, receiver_app
from partner_messages.webhook.idle_timeout import IdleTimeoutProtocol

SECONDS = 60


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str


@dataclass(frozen=True)
class Running:
    """A receiver that listens."""

    port: int
    receiver: Receiver

    def ask(
        self,
        method: str,
        path: str = PREFIX + PATH,
        body: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request; a header may be given twice, and `Content-Length` may lie."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            named = {name.lower() for name, _ in headers}
            if body is not None and not {"content-length", "transfer-encoding"} & named:
                connection.putheader("Content-Length", str(len(body)))
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(body or b"")
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of a POST."""
        return self.ask("POST", body=body, headers=list(headers.items())).status


@contextlib.contextmanager
def receiving(receiver: Receiver | None = None) -> Iterator[Running]:
    """Run a receiver until the end of the block."""
    of = receiver or Receiver()
    config = uvicorn.Config(receiver_app(receiver=of), http=IdleTimeoutProtocol, log_config=None, access_log=False)
    server: Any = _Server(config)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            assert server.ready.wait(SECONDS), "the receiver never listened"
            yield Running(listening.getsockname()[1], of)
        finally:
            server.should_exit = True
            thread.join(SECONDS)
