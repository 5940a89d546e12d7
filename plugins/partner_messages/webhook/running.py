"""The receiver as a process of its own, `python -m partner_messages.webhook` (docs/webhook.md).

It needs only the message log's connection and the senders' secrets, so no part of Airflow is on the internet.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from collections.abc import Sequence

import uvicorn

from partner_messages.config.settings import SettingsError
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH, load_receiving
from partner_messages.webhook.app import Receiver, receiver_app
from partner_messages.webhook.applier_process import applying
from partner_messages.webhook.idle_timeout import IdleTimeoutProtocol

PORT = 8089


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the receiver; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m partner_messages.webhook", description="Receive Meta's webhooks.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine alone)")
    parser.add_argument("--port", type=int, default=PORT, help=f"on which port (default: {PORT})")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        receiving = load_receiving()
        receiving.check()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    logging.getLogger(__name__).info(
        "Webhooks of %s on http://%s:%d%s",
        ", ".join(number.label for number in receiving.numbers),
        *(asked.host, asked.port, PREFIX + PATH),
    )
    # Garbage collection of all that Airflow has imported would delay answers.
    gc.collect()
    gc.freeze()
    # No access log: it would contain the verify token.
    with applying():
        app = receiver_app(receiver=Receiver(applies=False))
        listens = {"host": asked.host, "port": asked.port, "http": IdleTimeoutProtocol}
        uvicorn.run(app, **listens, access_log=False, server_header=False)
    return 0
