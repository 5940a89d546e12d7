"""uvicorn's HTTP protocol with a way to close a connection without an answer."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "sandbox.abort"


class AbortableProtocol(HttpToolsProtocol):
    """Adds to each request's scope, as an ASGI extension, a function that closes the socket."""

    def on_message_begin(self) -> None:
        """Add the extension to the scope."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}
