"""The receiver of webhooks on a port of its own, in a thread of this process."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH
from partner_messages.webhook.app import Receiver, receiver_app
from partner_messages.webhook.idle_timeout import IdleTimeoutProtocol
from sandbox.in_thread import serving

SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


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
            return Answer(answer.status, answer.read().decode(), answer.headers)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of a POST."""
        return self.ask("POST", body=body, headers=list(headers.items())).status


@contextlib.contextmanager
def receiving(receiver: Receiver | None = None) -> Iterator[Running]:
    """Run a receiver until the end of the block."""
    of = receiver or Receiver()
    with serving(receiver_app(receiver=of), http=IdleTimeoutProtocol) as port:
        yield Running(port, of)
