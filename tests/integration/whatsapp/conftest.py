"""Hooks over a connection of the test's own."""

from __future__ import annotations

import contextlib

import pytest

from partner_messages.deployment.live_settings import load_sender
from sandbox.connections import connections
from support.deployment import Deployment
from whatsapp_provider.hooks.whatsapp import WhatsAppHook


@pytest.fixture
def make_hook(monkeypatch):
    """Make hooks of the sender `in`, by default without a proxy and with a server that nobody waits for long."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    deployed = Deployment(monkeypatch)
    with contextlib.ExitStack() as made:

        def make(url, *, connect_timeout=5, read_timeout=10, connections_at_once=1, **changes):
            plain = connections(shop_url="", message_log_url="", graph_api_url=url)["whatsapp_in"]
            deployed.connect("whatsapp_in", {**plain, **changes})
            hook = WhatsAppHook(
                sender=load_sender("in"),
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                connections=connections_at_once,
            )
            return made.enter_context(contextlib.closing(hook))

        yield make


@pytest.fixture
def payload():
    """A message that the local Graph API takes."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+919829012345",
        "type": "template",
        "biz_opaque_callback_data": "0198c0de-0000-7000-8000-000000000001",
        "template": {
            "name": "jyt_production_run_reminder_idle_v1",
            "language": {"policy": "deterministic", "code": "hi"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "a"}] * 5}],
        },
    }
