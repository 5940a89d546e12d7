"""The receiver of webhooks: verify the signature, store the body, answer; the applier applies it afterwards.

Two ways to run it (docs/webhook.md): `python -m partner_messages.webhook`, and mounted into Airflow's API server.

| answer | when |
|---|---|
| 200 | the body is stored, whether or not it can be parsed; Meta need not send it again |
| 400 | the request is no HTTP (uvicorn's own answer), or its sender left before the end of the body |
| 401 | the signature is missing, given twice, or wrong |
| 403 | a GET that is not Meta's verification with one of our verify tokens |
| 404 | another path; mounted, it is Airflow's to answer |
| 405 | a method that is neither GET (or HEAD) nor POST; mounted, it is Airflow's to answer |
| 408 | the body did not arrive within half a minute |
| 413 | the body is larger than 4 MiB; it was not read to its end |
| 415 | the body is compressed or otherwise encoded |
| 429 | as 401, from an address that has sent too many wrong signatures |
| 503 | the message log did not store it within 5 seconds, or too many large bodies arrive: Meta sends it again |
| 503 | no sender has an app secret (the receiver alone does not start then); once a minute they are read again |
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from partner_messages.deployment import run_context
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH, Receiving, load_receiving
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook.applier import Applier
from partner_messages.webhook.apply import MAX_BATCH_BYTES
from partner_messages.webhook.failure_limit import SignatureFailureLimit
from partner_messages.webhook.sessions import AsyncSessionPool, SessionPool
from partner_messages.webhook.signature import HEADER, challenge_of, is_signed
from partner_messages.webhook.store import store_async
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Bytes of a body; Meta's own limit is 3 MB."""
MAX_BYTES_IN_PROGRESS = 16 * MAX_BODY_BYTES
"""Bytes of all bodies that are being read; above it, a body larger than `MAX_BATCH_BYTES` is refused."""
BODY_TIMEOUT_SECONDS = 30.0
"""The time in which a body must arrive."""
MAX_SESSIONS = 8
"""Database sessions at most, so as many bodies are stored at once."""
STATEMENT_SECONDS = 3.0
"""The time in which the message log must open a session, and store a body."""
HUNG_SECONDS = 4.0
"""Longer than `STATEMENT_SECONDS`: a session that is in use for so long is that of a server that says nothing."""
STORE_SECONDS = 5.0
"""The time in which a body must be stored, with its wait for a session; Meta repeats what is answered 503."""
RETRY_WITHIN_SECONDS = 1.0
"""What fails so soon is tried again at once; what has failed later was waited for already."""
REREAD_SECONDS = 60.0
"""How often the senders' secrets are read again, so that a rotated secret needs no restart."""


class Receiver:
    """The state of one receiver process: secrets, database sessions, and the applier thread.

    Args:
        load: Reads the senders.
        clock: The wall clock.
        applies: Whether this process also applies the stored webhooks, in a thread.
    """

    def __init__(
        self,
        load: Callable[[], Receiving] = load_receiving,
        clock: Callable[[], dt.datetime] | None = None,
        *,
        applies: bool = True,
    ) -> None:
        self._applies = applies
        self._load, self._clock = load, clock or (lambda: run_context.wall_clock())
        self._receiving, self._read_at, self._reading = Receiving(), 0.0, threading.Lock()
        self.sessions = AsyncSessionPool(lambda: open_message_log(within=STATEMENT_SECONDS))
        self._free = asyncio.Semaphore(MAX_SESSIONS)
        # Of sessions of its own: to apply a batch may take longer.
        self.applier = Applier(SessionPool(open_message_log), self.receiving, self._clock)
        self.failures = SignatureFailureLimit()
        self.bytes_in_progress = 0

    def receiving(self) -> Receiving:
        """The senders, read again once a minute; if reading fails, the last ones stay in use."""
        with self._reading:
            if not self._read_at or time.monotonic() - self._read_at >= REREAD_SECONDS:
                self._read_at = time.monotonic()
                try:
                    self._receiving = self._load()
                    self._receiving.check()
                except Exception as error:
                    log.error("Webhooks: %s", mask(str(error)))  # noqa: TRY400 - its text may quote a connection.
            return self._receiving

    def last_read(self) -> Receiving:
        """The senders as last read, without reading."""
        return self._receiving

    async def store_in_time(self, body: bytes) -> None:
        """Store a body; it is committed when this returns.

        Raises:
            TimeoutError: The message log said nothing for so long; it may be stored all the same, later.
            Exception: The message log failed.
        """
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._free.acquire()
                storing = asyncio.create_task(self.store_body(body))
                # Its session is free when it ends, not when nobody waits for it any more.
                storing.add_done_callback(lambda _: self._free.release())
                await asyncio.shield(storing)
        except TimeoutError:
            self.sessions.end_hung(HUNG_SECONDS)
            raise TimeoutError(f"the message log did not answer within {STORE_SECONDS:g} seconds") from None

    async def store_body(self, body: bytes) -> None:
        """Store a body, at a second try if need be; it is committed when this returns.

        Raises:
            Exception: The message log failed.
        """
        began = time.monotonic()
        try:
            async with self.sessions.session() as connection:
                await store_async(connection, body, self._clock())
        except Exception:
            # An idle session may have been closed by the server; retry with a new one.
            self.sessions.close()
            if time.monotonic() - began >= RETRY_WITHIN_SECONDS:
                raise
            async with self.sessions.session() as connection:
                await store_async(connection, body, self._clock())

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Read the senders and start the applier; stop it at the end."""
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
            self.sessions.end_hung(0)
            self.sessions.close()

    async def _open_sessions(self) -> None:
        """Open the sessions before the first webhooks come; without a database the receiver starts, too."""
        try:
            await self.sessions.open(MAX_SESSIONS)
        except Exception as error:
            log.error("The message log does not answer yet: %s", mask(str(error)))  # noqa: TRY400

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(REREAD_SECONDS)
            await anyio.to_thread.run_sync(self.receiving)


def receiver_app(prefix: str = PREFIX, receiver: Receiver | None = None) -> FastAPI:
    """The web application.

    Args:
        prefix: Prefix of the path; empty if the application is mounted under it.
        receiver: The state of this process; a new one by default.
    """
    receiver = receiver or Receiver()
    # No public documentation pages, and no redirect, whose address would hold the verify token.
    app = FastAPI(
        title="partner_messages webhook",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=receiver.lifespan,
    )

    async def answer(request: Request) -> Response:
        if not receiver.last_read().app_secrets:
            return _answer(503, {"Retry-After": str(round(REREAD_SECONDS))})
        return await (_receive if request.method == "POST" else _verify)(request, receiver)

    # Not `app.get` and `app.post`: FastAPI has nothing to validate here, and would take its time from each answer.
    app.add_route(prefix + PATH, answer, methods=["GET", "POST"])
    return app


async def _verify(request: Request, receiver: Receiver) -> Response:
    """Answer Meta's verification request with its challenge."""
    challenge = challenge_of(request.query_params.multi_items(), receiver.last_read().verify_tokens)
    return _answer(403) if challenge is None else PlainTextResponse(challenge)


async def _receive(request: Request, receiver: Receiver) -> Response:
    """Validate the request, store its body, answer, and wake the applier."""
    body = await _validated_body(request, receiver)
    if isinstance(body, Response):
        return body
    try:
        await receiver.store_in_time(body)
    except Exception as error:
        log.error("A webhook was not stored, so Meta will repeat it: %s", mask(str(error)))  # noqa: TRY400
        return _answer(503, {"Retry-After": "5"})
    receiver.applier.wake()
    return _answer(200)


async def _validated_body(request: Request, receiver: Receiver) -> bytes | Response:
    """The body, if Meta has signed it; else the answer. The cheap checks come first."""
    encodings = ",".join(request.headers.getlist("content-encoding")).split(",")
    if any(encoding.strip().lower() not in ("", "identity") for encoding in encodings):
        return _answer(415)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            body = await _read_body(request, receiver)
    except TimeoutError:
        return _answer(408)
    except ClientDisconnect:
        return _answer(400)  # The client is gone.
    if isinstance(body, Response):
        return body
    if not is_signed(body, request.headers.getlist(HEADER), receiver.last_read().app_secrets):
        address = request.client.host if request.client else ""
        return _answer(429 if receiver.failures.failed(address, time.monotonic()) else 401)
    return body


async def _read_body(request: Request, receiver: Receiver) -> bytes | Response:
    """The body; an answer as soon as it is too large, or too many bytes arrive at once."""
    stated = request.headers.get("content-length", "0")
    if stated.isascii() and stated.isdigit() and (len(stated) > 9 or int(stated) > MAX_BODY_BYTES):
        return _answer(413)
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            receiver.bytes_in_progress += len(part)
            if size > MAX_BODY_BYTES:
                return _answer(413)
            if size > MAX_BATCH_BYTES and receiver.bytes_in_progress > MAX_BYTES_IN_PROGRESS:
                return _answer(503, {"Retry-After": "5"})
            parts.append(part)
        return b"".join(parts)
    finally:
        receiver.bytes_in_progress -= size


_ANSWER_TEXTS = {
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


def _answer(status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(_ANSWER_TEXTS[status], status, headers)
