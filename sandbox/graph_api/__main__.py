"""`python -m sandbox.graph_api`: run the local Graph API until it gets a signal."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, SANDBOX_VERIFY_TOKEN, AccountsFileError
from sandbox.graph_api.app import create_app
from sandbox.graph_api.first_callback import DEFAULT_PATH, subscribe_all
from sandbox.graph_api.transport import AbortableProtocol
from sandbox.graph_api.world import Callback, Options, World

KEEP_ALIVE_SECONDS = 75
SELDOM = (10_000, 20, 1_000)
"""New objects until the youngest are looked through for garbage, and how often until older ones are."""
STATUSES = ("sent", "delivered", "read")


class Server(uvicorn.Server):
    """Prints its URL once it listens, and releases hanging requests when it stops."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world
        self._asking: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        # What was imported is not looked through for garbage, and what was taken hardly ever: that stops the process
        # for a fifth of a second after some thousand messages, and what arrived meanwhile would look like a burst.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*SELDOM)
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._world.agenda.run_due()
        if self._world.options.callback is not None:
            self._asking = asyncio.get_running_loop().create_task(subscribe_all(self._world))
        print(f"{READY}http://{host}:{port}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening."""
        if self._asking is not None:
            self._asking.cancel()
        self._world.faults.clear()
        self._world.stop()
        await super().shutdown(sockets)


def arguments() -> argparse.ArgumentParser:
    """The command line; defaults can come from the environment."""
    env = os.environ
    parser = argparse.ArgumentParser(prog="python -m sandbox.graph_api", description="Meta's Cloud API on one machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback unless told otherwise)")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument(
        "--rate",
        type=int,
        default=env.get("SANDBOX_GRAPH_API_RATE", "80"),
        help="messages a second per phone number (SANDBOX_GRAPH_API_RATE)",
    )
    parser.add_argument(
        "--accounts",
        type=Path,
        default=env.get("SANDBOX_GRAPH_API_ACCOUNTS", str(SAMPLE_ACCOUNTS)),
        help="accounts file (SANDBOX_GRAPH_API_ACCOUNTS)",
    )
    parser.add_argument("--no-templates", action="store_true", help="start without the sample templates")
    parser.add_argument("--approval-delay", type=float, default=0.0, help="seconds a template review takes")
    parser.add_argument(
        "--callback",
        default=env.get("SANDBOX_GRAPH_API_CALLBACK") or None,
        help=f"URL of a receiver of webhooks, asked until it answers; without a path, {DEFAULT_PATH} "
        "(SANDBOX_GRAPH_API_CALLBACK)",
    )
    parser.add_argument(
        "--verify-token",
        default=env.get("SANDBOX_GRAPH_API_VERIFY_TOKEN", SANDBOX_VERIFY_TOKEN),
        help="what the receiver is asked with (SANDBOX_GRAPH_API_VERIFY_TOKEN)",
    )
    parser.add_argument(
        "--status-delays",
        type=status_delays,
        default=env.get("SANDBOX_GRAPH_API_STATUS_DELAYS") or None,
        help="seconds from taking a message to sent, delivered and read, such as 0,1,4; a dash for never "
        "(SANDBOX_GRAPH_API_STATUS_DELAYS)",
    )
    return parser


def status_delays(text: str) -> dict[str, float | None]:
    """Parse three numbers or dashes, separated by commas: the delay of each status."""
    parts = text.split(",")
    if len(parts) != len(STATUSES):
        raise argparse.ArgumentTypeError("must be three numbers such as 0,1,4")
    return {name: None if part.strip() == "-" else float(part) for name, part in zip(STATUSES, parts, strict=True)}


def main() -> None:
    """Run the server; SIGTERM and SIGINT stop it with exit status 0."""
    asked = arguments().parse_args()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: sys.exit(0))
    try:
        world = World(
            Options(
                accounts=asked.accounts,
                rate=asked.rate,
                templates=not asked.no_templates,
                approval_delay=asked.approval_delay,
                callback=None if asked.callback is None else Callback(asked.callback, asked.verify_token),
                status_delays=asked.status_delays,
            )
        )
    except AccountsFileError as error:
        sys.exit(str(error))
    config = uvicorn.Config(
        create_app(world),
        host=asked.host,
        port=asked.port,
        http=AbortableProtocol,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
    )
    Server(config, world).run()


if __name__ == "__main__":
    main()
