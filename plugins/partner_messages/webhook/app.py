"""The receiver: a webhook is validated, stored as it came, answered, and then applied.

Two ways to run it (docs/webhook.md): `python -m partner_messages.webhook`, and mounted into Airflow's API server.

| answer | when |
|---|---|
| 200 | it is stored, however odd it is; Meta need not send it again |
| 401 | the signature is missing, given twice, or wrong |
| 403 | a GET that is not Meta's verification with one of our tokens |
| 408 | the body did not come within half a minute |
| 413 | the body is larger than 4 MiB; it was not read to its end |
| 415 | the body is compressed or otherwise encoded |
| 429 | the same, from an address of which too many were wrong |
| 503 | the message log could not take it, or it is large and too much is under way: Meta sends it again |
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from partner_messages.deployment import run_context
from partner_messages.deployment.receiving import Receiving, load_receiving
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.recipients.masking import mask
from partner_messages.webhook.applier import Applier
from partner_messages.webhook.apply import BYTES
from partner_messages.webhook.limits import FailureLimit
from partner_messages.webhook.sessions import Sessions
from partner_messages.webhook.signature import HEADER, challenge_of, is_signed
from partner_messages.webhook.store import store

log = logging.getLogger(__name__)

PREFIX = "/partner-messages"
PATH = "/webhook"
LARGEST = 4 * 1024 * 1024
"""Bytes of a body; Meta's own limit is 3 MB."""
MOST_HELD = 16 * LARGEST
"""Bytes of bodies that are under way, of whoever sends them: a large one (`BYTES`) that comes on top is turned away."""
BODY_SECONDS = 30.0
"""How long a body may take to come."""
SESSIONS = 8
"""With the message log, at most: so many bodies are stored at once."""
REREAD_SECONDS = 60.0
"""How often the senders' secrets are read again, so that a rotated one counts without a restart."""


class Receiver:
    """What one process of the receiver has: secrets, sessions, and the thread that applies.

    Args:
        load: Reads the senders.
        open_log: Opens a session with the message log.
        clock: The wall clock.
        applies: Whether what was stored is applied in this process, in a thread; another one does it else.
    """

    def __init__(
        self,
        load: Callable[[], Receiving] = load_receiving,
        open_log: Callable[[], AbstractContextManager[LogConnection]] = open_message_log,
        clock: Callable[[], dt.datetime] | None = None,
        *,
        applies: bool = True,
    ) -> None:
        self._applies = applies
        self._load, self._clock = load, clock or (lambda: run_context.wall_clock())
        self._receiving, self._read_at, self._reading = Receiving(), 0.0, threading.Lock()
        self.sessions = Sessions(open_log)
        self.applier = Applier(self.sessions, self.receiving, self._clock)
        self.failures = FailureLimit()
        self.held = 0

    def receiving(self) -> Receiving:
        """The senders, read again once a minute; while they cannot be read, those of before count."""
        with self._reading:
            if not self._read_at or time.monotonic() - self._read_at >= REREAD_SECONDS:
                self._read_at = time.monotonic()
                try:
                    self._receiving = self._load()
                    self._receiving.check()
                except Exception as error:
                    log.error("Webhooks: %s", mask(str(error)))  # noqa: TRY400 - its text may quote a connection.
            return self._receiving

    def known(self) -> Receiving:
        """The senders as they were last read."""
        return self._receiving

    def keep(self, body: bytes) -> None:
        """Store a body: when this returns, it lasts.

        Raises:
            Exception: The message log did not take it, twice.
        """
        try:
            with self.sessions.one() as connection:
                store(connection, body, self._clock())
        except Exception:
            # A session that was kept may have ended long ago; the next one is new.
            self.sessions.close()
            with self.sessions.one() as connection:
                store(connection, body, self._clock())

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Read the senders, apply what was left, and end in order."""
        await anyio.to_thread.run_sync(self.receiving)
        if self._applies:
            self.applier.start()
        beside = [asyncio.create_task(self._keep_reading()), asyncio.create_task(self._open_sessions())]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            if self._applies:
                await anyio.to_thread.run_sync(self.applier.stop)
            self.sessions.close()

    async def _open_sessions(self) -> None:
        """Open the sessions before the first webhooks come; without a database the receiver starts, too."""
        try:
            await anyio.to_thread.run_sync(self.sessions.open, SESSIONS)
        except Exception as error:
            log.error("The message log does not answer yet: %s", mask(str(error)))  # noqa: TRY400

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(REREAD_SECONDS)
            await anyio.to_thread.run_sync(self.receiving)


def receiver_app(prefix: str = PREFIX, receiver: Receiver | None = None) -> FastAPI:
    """The web application.

    Args:
        prefix: Before the path; empty where it is mounted under it already.
        receiver: What it has; made anew for each process.
    """
    of = receiver or Receiver()
    # Without the pages that FastAPI would show to everybody.
    app = FastAPI(
        title="partner_messages webhook", docs_url=None, redoc_url=None, openapi_url=None, lifespan=of.lifespan
    )
    threads: list[anyio.CapacityLimiter] = []

    def limiter() -> anyio.CapacityLimiter:
        # It belongs to the event loop, which is not there yet when the application is made.
        if not threads:
            threads.append(anyio.CapacityLimiter(SESSIONS))
        return threads[0]

    @app.get(prefix + PATH)
    async def verify(request: Request) -> Response:
        """Answer Meta's question whether this is the receiver that was meant."""
        challenge = challenge_of(request.query_params.multi_items(), of.known().verify_tokens)
        return _said(403) if challenge is None else PlainTextResponse(challenge)

    @app.post(prefix + PATH)
    async def receive(request: Request) -> Response:
        """Validate, store, answer; the applier does the rest."""
        body = await _validated(request, of)
        if isinstance(body, Response):
            return body
        try:
            await anyio.to_thread.run_sync(of.keep, body, limiter=limiter())
        except Exception as error:
            log.error("A webhook was not stored, so Meta will repeat it: %s", mask(str(error)))  # noqa: TRY400
            return _said(503, {"Retry-After": "5"})
        of.applier.wake()
        return _said(200)

    return app


async def _validated(request: Request, of: Receiver) -> bytes | Response:
    """The body, if it is Meta's; else the answer. The cheap comes first."""
    if any(encoding.strip().lower() != "identity" for encoding in request.headers.getlist("content-encoding")):
        return _said(415)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request, of)
    except TimeoutError:
        return _said(408)
    except ClientDisconnect:
        return _said(400)  # Nobody hears it.
    if isinstance(body, Response):
        return body
    if body is None:
        return _said(413)
    if not is_signed(body, request.headers.getlist(HEADER), of.known().app_secrets):
        address = request.client.host if request.client else ""
        return _said(429 if of.failures.failed(address, time.monotonic()) else 401)
    return body


async def _body(request: Request, of: Receiver) -> bytes | Response | None:
    """The body; None as soon as it is known to be too large, an answer where too much is under way."""
    stated = request.headers.get("content-length", "0")
    if stated.isascii() and stated.isdigit() and (len(stated) > 9 or int(stated) > LARGEST):
        return None
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            of.held += len(part)
            if size > LARGEST:
                return None
            if size > BYTES and of.held > MOST_HELD:
                return _said(503, {"Retry-After": "5"})
            parts.append(part)
        return b"".join(parts)
    finally:
        of.held -= size


_TEXTS = {
    200: "",
    400: "cut off",
    401: "the signature is not right",
    403: "not verified",
    408: "too slow",
    413: "too large",
    415: "only an identity encoding is read",
    429: "too many wrong signatures",
    503: "not stored; send it again",
}


def _said(status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(_TEXTS[status], status, headers)
