"""Subscribes every app to its accounts when the server starts, once the receiver answers."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.subscription_requests import give_callback
from sandbox.graph_api.webhook_changes import FIELDS
from sandbox.graph_api.world import World

DEFAULT_PATH = "/partner-messages/webhook"
PAUSE_SECONDS = 1.0
"""Between two questions to a receiver that is still starting."""
SAID = "Webhooks go to "


async def subscribe_all(world: World) -> None:
    """Ask the receiver of the options until it answers, then subscribe all apps to their accounts, and say so."""
    callback = world.options.callback
    if callback is None:
        return
    url = with_path(callback.url)
    said = ""
    while True:
        try:
            for app in world.subscriptions.apps.values():
                await give_callback(app, url, callback.verify_token, list(FIELDS))
            break
        except GraphError as error:
            if str(error.code) != said:  # once for each kind of failure; a receiver takes its time to start
                print(f"No webhooks yet: {error.message}", flush=True)
                said = str(error.code)
        await asyncio.sleep(PAUSE_SECONDS)
    for account in world.accounts:
        world.subscriptions.subscribe(account.app_id, account.waba_id, None)
    print(f"{SAID}{url}", flush=True)


def with_path(url: str) -> str:
    """The URL, with the receiver's usual path where it has none."""
    return url.rstrip("/") + DEFAULT_PATH if urlsplit(url).path in ("", "/") else url
