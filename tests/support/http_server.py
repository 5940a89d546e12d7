"""An HTTP server on loopback that answers as a function says, and Airflow's REST API made of one."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Reads a request, answers it as the server's function says, and writes no line of it."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, said = self.server.answer(self, body)  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):  # the caller may have lost patience
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    do_GET = do_PATCH = do_POST  # noqa: N815 - their names in the standard library

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
        pass


@contextlib.contextmanager
def listening(answer: Callable[[Handler, bytes], tuple[int, bytes]]) -> Iterator[str]:
    """Answer each request and its body with a status and a body, in threads of this process; the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.answer = True, answer  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@dataclass
class AirflowApi:
    """Airflow's REST API as far as it is asked.

    Attributes:
        url: Where it listens.
        table: What a method and a path are answered with (status, JSON), in turn, the last one for ever.
        asked: Each request's method, path, JSON and authorization.
        late: What the next GETs wait for before they are answered.
    """

    url: str = ""
    table: dict[tuple[str, str], list[tuple[int, Any]]] = field(
        default_factory=lambda: {("POST", "/auth/token"): [(201, {"access_token": "a-token"})]}
    )
    asked: list[tuple[str, str, Any, str | None]] = field(default_factory=list)
    late: list[threading.Event] = field(default_factory=list)


@contextlib.contextmanager
def airflow_api() -> Iterator[AirflowApi]:
    """Run one; it lets everybody log in."""
    api = AirflowApi()

    def answer(request: Handler, body: bytes) -> tuple[int, bytes]:
        method, path = request.command, request.path.partition("?")[0]
        api.asked.append((method, path, json.loads(body or b"null"), request.headers["Authorization"]))
        if method == "GET" and api.late:
            api.late.pop().wait(10)
        answers = api.table[method, path]
        status, said = answers.pop(0) if len(answers) > 1 else answers[0]
        return status, json.dumps(said).encode()

    with listening(answer) as api.url:
        yield api
