"""Connections of either type to the local Graph API, with templates of every kind."""

from __future__ import annotations

import contextlib

import pytest

from partner_messages.deployment.live_settings import load_sender
from sandbox.connections import connections
from support.deployment import Deployment
from support.picture_files import png
from whatsapp_provider.api.management import TemplateApi
from whatsapp_provider.hooks.whatsapp import WhatsAppHook

TOKEN = "sandbox-token-in-0123456789"


@pytest.fixture
def connect(monkeypatch, graph_api):
    """Set the connection `whatsapp_default`; what is given replaces its fields, or those of its extra."""
    deployed = Deployment(monkeypatch)
    sample = connections(shop_url="", message_log_url="", graph_api_url=graph_api.url)["whatsapp_in"]
    extra = {key: sample["extra"][key] for key in ("phone_number_id", "waba_id", "app_id", "app_secret")}

    def connect(*, extra=extra, conn_id="whatsapp_default", **fields):
        plain = {"conn_type": "whatsapp", "host": graph_api.url, "password": TOKEN, "extra": extra}
        deployed.connect(conn_id, {**plain, **fields})

    connect()
    return connect


@pytest.fixture
def api(connect):
    with contextlib.closing(WhatsAppHook()) as hook:
        yield TemplateApi(hook)


@pytest.fixture
def order_shipped(api):
    """An approved template with named texts, a picture and three buttons."""
    buttons = [
        {
            "type": "URL",
            "text": "Track",
            "url": "https://shop.example/t/{{1}}",
            "example": ["https://shop.example/t/1"],
        },
        {"type": "QUICK_REPLY", "text": "Help"},
        {"type": "QUICK_REPLY", "text": "Thanks"},
    ]
    examples = [{"param_name": "name", "example": "Asha"}, {"param_name": "order", "example": "A-17"}]
    api.create(
        {
            "name": "order_shipped",
            "language": "en",
            "category": "UTILITY",
            "parameter_format": "NAMED",
            "components": [
                {
                    "type": "HEADER",
                    "format": "IMAGE",
                    "example": {"header_handle": [api.upload_example(png(), "image/png")]},
                },
                {
                    "type": "BODY",
                    "text": "Hello {{name}}, your order {{order}} is on its way.",
                    "example": {"body_text_named_params": examples},
                },
                {"type": "BUTTONS", "buttons": buttons},
            ],
        }
    )


@pytest.fixture
def sent(graph_api):
    """The bodies of all requests that sent a message."""
    return lambda: [request["body"] for request in graph_api.requests(operation="send_message")["last"]]


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
