"""A connection of the type `whatsapp` to the local Graph API, with templates of every kind."""

from __future__ import annotations

import contextlib

import pytest

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
