"""At the start, subscribe every app to its accounts as soon as the receiver answers."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.subscription_requests import give_callback
from sandbox.graph_api.webhook_changes import FIELDS
from sandbox.graph_api.world import World

DEFAULT_PATH = "/partner-messages/webhook"
PAUSE_SECONDS = 1.0
"""The wait before the next try while the receiver is starting."""
SAID = "Webhooks go to "


async def subscribe_all(world: World) -> None:
    """Verify the receiver until it answers, then subscribe all apps to their accounts, and print so."""
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
            if str(error.code) != said:  # Print each kind of failure once.
                print(f"No webhooks yet: {error.message}", flush=True)
                said = str(error.code)
        await asyncio.sleep(PAUSE_SECONDS)
    for account in world.accounts:
        world.subscriptions.subscribe(account.app_id, account.waba_id, None)
    print(f"{SAID}{url}", flush=True)


def with_path(url: str) -> str:
    """The URL, with the receiver's default path if it has none."""
    return url.rstrip("/") + DEFAULT_PATH if urlsplit(url).path in ("", "/") else url
