"""The local Graph API seen from outside, as Meta's callers see it."""

from __future__ import annotations

import httpx
import pytest

from support.webhook_receiver import NOON, receiver

PENDING = "jyt_production_run_reminder_pending_v1"
PENDING_VALUES = ("Rajesh", "Block Print Kurta", "prun_01ABC", "2")
PARTNER = "+919812345678"


@pytest.fixture
def api(graph_api):
    """As everywhere: one for all tests of a worker; each finds it as new."""
    return graph_api


@pytest.fixture
def india(api):
    return api.accounts["IN"]


@pytest.fixture(scope="session")
def client(graph_api_process):
    headers = {"authorization": f"Bearer {graph_api_process.accounts['IN'].token}"}
    with httpx.Client(base_url=f"{graph_api_process.url}/v25.0", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def graph(api, client):
    """Meta's side of the server, with the Indian account's token."""
    return client


@pytest.fixture
def send(graph, india):
    """Sends any message; the keywords are its fields."""

    def ask(**message):
        whole = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": PARTNER, **message}
        given = {key: value for key, value in whole.items() if value is not None}
        return graph.post(f"/{india.phone_number_id}/messages", json=given)

    return ask


@pytest.fixture
def send_template(send):
    """Sends a template message; by default a good one."""

    def ask(*values, name=PENDING, language="en", components=None, **message):
        body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values or PENDING_VALUES]}
        code = {"policy": "deterministic", "code": language} if isinstance(language, str) else language
        template = {"name": name, "language": code, "components": [body] if components is None else components}
        return send(type="template", template=template, **message)

    return ask


@pytest.fixture
def create(graph, india):
    """Creates a template; by default a good one with this body."""

    def ask(body="Hello, your order is ready.", *examples, **definition):
        text = {"type": "BODY", "text": body}
        if examples:
            text["example"] = {"body_text": [list(examples)]}
        whole = {"name": "order_ready", "language": "en", "category": "UTILITY", "components": [text], **definition}
        given = {key: value for key, value in whole.items() if value is not None}
        return graph.post(f"/{india.waba_id}/message_templates", json=given)

    return ask


@pytest.fixture
def upload(graph, india):
    """Uploads a picture in one piece and returns its handle."""

    def ask(content, file_type):
        asked = {"file_length": len(content), "file_type": file_type}
        session = graph.post(f"/{india.app_id}/uploads", params=asked).json()["id"]
        sent = graph.post(
            f"/{session}",
            content=content,
            headers={"authorization": f"OAuth {india.token}", "file_offset": "0"},
        )
        return sent.json()["h"]

    return ask


@pytest.fixture
def ours():
    with receiver() as one:
        yield one


@pytest.fixture
def heard(api, ours):
    """Somebody listens, it is noon and stays so, and a message goes its way a second at a time."""
    api.freeze_clock()
    api.set_clock(NOON)
    api.subscribe(ours.url)
    api.set_webhooks(status_delays={"sent": 1, "delivered": 2, "read": 3})
    return api
