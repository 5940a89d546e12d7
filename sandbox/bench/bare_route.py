"""A route that only inserts the body, to compare the receiver's with (`python -m sandbox.bench.bare_route PORT URL`).

It waits for the commit, as the receiver does, and keeps as many sessions; threads insert, as in a plain FastAPI route.
"""

from __future__ import annotations

import queue
import sys

import anyio
import anyio.to_thread
import psycopg
import uvicorn
from fastapi import FastAPI, Request, Response

SESSIONS = 8


def app(url: str) -> FastAPI:
    """The web application, over a table of its own."""
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_event")
        connection.execute("CREATE TABLE bare_event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)")
    sessions: queue.LifoQueue[psycopg.Connection] = queue.LifoQueue()
    limiters: list[anyio.CapacityLimiter] = []

    def insert(body: bytes) -> None:
        try:
            connection = sessions.get_nowait()
        except queue.Empty:
            connection = psycopg.connect(url, autocommit=True)
        connection.execute("INSERT INTO bare_event (body) VALUES (%s)", [body])
        sessions.put(connection)

    @made.post("/")
    async def receive(request: Request) -> Response:
        if not limiters:
            limiters.append(anyio.CapacityLimiter(SESSIONS))
        await anyio.to_thread.run_sync(insert, await request.body(), limiter=limiters[0])
        return Response("")

    return made


if __name__ == "__main__":
    port, url = sys.argv[1:]
    uvicorn.run(app(url), host="127.0.0.1", port=int(port), access_log=False, log_level="warning")
