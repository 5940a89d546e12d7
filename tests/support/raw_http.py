"""Small servers on loopback that say exactly what a test wants, byte for byte, or break off where it wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Talk = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """A server that runs.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        accepted: How many connections were made to it.
        received: What was read from them by `read_request`, whole requests as they came.
    """

    port: int
    accepted: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What a connection has as its host."""
        return f"http://127.0.0.1:{self.port}"

    def read_request(self, client: socket.socket) -> bytes:
        """Read one request with its body; empty where the client hung up instead."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            body += client.recv(65536)
        self.received.append(head + b"\r\n\r\n" + body)
        return self.received[-1]


@contextlib.contextmanager
def raw_server(talk: Callable[[RawServer, socket.socket], None]) -> Iterator[RawServer]:
    """Run a server that lets `talk` speak to each client, in a thread of its own, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(listener.getsockname()[1])
        clients: list[socket.socket] = []
        threads: list[threading.Thread] = []

        def serve(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                talk(server, client)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server.accepted += 1
                    clients.append(client)
                    threads.append(threading.Thread(target=serve, args=(client,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # Closing alone would not wake the thread that accepts.
            accepting.join()
            for client in clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def answering(*answers: bytes) -> Callable[[RawServer, socket.socket], None]:
    """Answer a connection's requests with these bytes, one after the other, then hang up."""

    def talk(server: RawServer, client: socket.socket) -> None:
        for answer in answers:
            if not server.read_request(client):
                return
            client.sendall(answer)

    return talk


def endless(before: bytes, again: bytes) -> Callable[[RawServer, socket.socket], None]:
    """Answer with a beginning, and then with the same again for as long as somebody listens."""

    def talk(server: RawServer, client: socket.socket) -> None:
        server.read_request(client)
        client.sendall(before)
        while True:
            client.sendall(again)

    return talk


def response(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def reset(client: socket.socket) -> None:
    """Cut the connection so that the other side sees a reset, not an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def with_certificate(
    talk: Callable[[RawServer, socket.socket], None], context: ssl.SSLContext
) -> Callable[[RawServer, socket.socket], None]:
    """The same over TLS."""

    def talk_tls(server: RawServer, client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secure:
            talk(server, secure)

    return talk_tls
