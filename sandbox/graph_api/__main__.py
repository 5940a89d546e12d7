"""`python -m sandbox.graph_api`: runs the local Graph API until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, AccountsFileError
from sandbox.graph_api.app import create_app
from sandbox.graph_api.transport import AbortableProtocol
from sandbox.graph_api.world import Options, World

KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """Says where it listens once it does, and lets no hanging request hold up its end."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"{READY}http://{host}:{port}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening."""
        self._world.faults.clear()
        await super().shutdown(sockets)


def arguments() -> argparse.ArgumentParser:
    """The command line; each default can come from the environment."""
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
    return parser


def main() -> None:
    """Run the server; SIGTERM and SIGINT end it with status 0."""
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
