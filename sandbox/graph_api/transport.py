"""The HTTP protocol of the server: uvicorn's, with a way to cut a connection."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "sandbox.abort"


class AbortableProtocol(HttpToolsProtocol):
    """Puts into each request's scope, as an ASGI extension, a function that closes the socket without an answer."""

    def on_message_begin(self) -> None:
        """Begin a request's scope."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}
