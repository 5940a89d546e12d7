"""The local Graph API seen from outside, as Meta's callers see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.server import LocalGraphApi
from support.webhook_receiver import NOON, Receiver, receiver

Ask = Callable[..., httpx.Response]

PENDING = "jyt_production_run_reminder_pending_v1"
PENDING_VALUES = ("Rajesh", "Block Print Kurta", "prun_01ABC", "2")
PARTNER = "+919812345678"


@pytest.fixture
def api(graph_api: LocalGraphApi) -> LocalGraphApi:
    """As everywhere: one for all tests of a worker; each finds it as new."""
    return graph_api


@pytest.fixture
def india(api: LocalGraphApi) -> Account:
    return api.accounts["IN"]


@pytest.fixture(scope="session")
def client(graph_api_process: LocalGraphApi) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {graph_api_process.accounts['IN'].token}"}
    with httpx.Client(base_url=f"{graph_api_process.url}/v25.0", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def graph(api: LocalGraphApi, client: httpx.Client) -> httpx.Client:
    """Meta's side of the server, with the Indian account's token."""
    return client


@pytest.fixture
def send(graph: httpx.Client, india: Account) -> Ask:
    """Sends any message; the keywords are its fields."""

    def ask(**message: Any) -> httpx.Response:
        whole = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": PARTNER, **message}
        given = {key: value for key, value in whole.items() if value is not None}
        return graph.post(f"/{india.phone_number_id}/messages", json=given)

    return ask


@pytest.fixture
def send_template(send: Ask) -> Ask:
    """Sends a template message; by default a good one."""

    def ask(
        *values: str,
        name: str = PENDING,
        language: Any = "en",
        components: Any = None,
        **message: Any,
    ) -> httpx.Response:
        body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values or PENDING_VALUES]}
        code = {"policy": "deterministic", "code": language} if isinstance(language, str) else language
        template = {"name": name, "language": code, "components": [body] if components is None else components}
        return send(type="template", template=template, **message)

    return ask


@pytest.fixture
def create(graph: httpx.Client, india: Account) -> Ask:
    """Creates a template; by default a good one with this body."""

    def ask(body: str = "Hello, your order is ready.", *examples: str, **definition: Any) -> httpx.Response:
        text: dict[str, Any] = {"type": "BODY", "text": body}
        if examples:
            text["example"] = {"body_text": [list(examples)]}
        whole = {"name": "order_ready", "language": "en", "category": "UTILITY", "components": [text], **definition}
        given = {key: value for key, value in whole.items() if value is not None}
        return graph.post(f"/{india.waba_id}/message_templates", json=given)

    return ask


@pytest.fixture
def upload(graph: httpx.Client, india: Account) -> Callable[[bytes, str], str]:
    """Uploads a picture in one piece and returns its handle."""

    def ask(content: bytes, file_type: str) -> str:
        asked: dict[str, str | int] = {"file_length": len(content), "file_type": file_type}
        session = graph.post(f"/{india.app_id}/uploads", params=asked).json()["id"]
        sent = graph.post(
            f"/{session}",
            content=content,
            headers={"authorization": f"OAuth {india.token}", "file_offset": "0"},
        )
        handle: str = sent.json()["h"]
        return handle

    return ask


@pytest.fixture
def ours() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def heard(api: LocalGraphApi, ours: Receiver) -> LocalGraphApi:
    """Somebody listens, it is noon and stays so, and a message goes its way a second at a time."""
    api.freeze_clock()
    api.set_clock(NOON)
    api.subscribe(ours.url)
    api.set_webhooks(status_delays={"sent": 1, "delivered": 2, "read": 3})
    return api
