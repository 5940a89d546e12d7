"""Who may see the pages and who may act on them, and what a stranger or a foreign page comes to."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import partner_messages_plugin
from partner_messages.message_log import acts
from partner_messages.pages import app
from support.examples import PARTNER_ID, PHONE
from support.log_rows import Log, call_a_person, put
from support.pages import Visitor, visitor

NOBODY = str(uuid.UUID(int=0))


def routes() -> Iterator[tuple[str, str]]:
    """Every route of the application, its address filled with what is nobody's."""
    filling = {
        "message_id": NOBODY,
        "escalation_id": NOBODY,
        "partner_id": "nobody",
        "run": "none",
        "name": "ops.css",
        "history_id": 1,
        "dag_run": "none",
    }
    for route in app.pages_app().routes:
        assert isinstance(route, APIRoute), f"{route} asks for no right"
        yield from ((method, "/partner-messages" + route.path.format(**filling)) for method in route.methods)


def test_no_route_is_open_to_who_has_not_logged_in(op: Visitor) -> None:
    stranger = visitor(None)
    answers = {route: stranger.client.request(*route) for route in routes()}
    assert len(answers) > 15
    assert {answer.status_code for answer in answers.values()} == {401}
    assert all("log in" in answer.text for answer in answers.values())


def test_who_may_only_look_reads_every_page_and_does_nothing(viewer: Visitor) -> None:
    for method, address in routes():
        status = viewer.client.request(method, address).status_code
        assert status == 403 if method == "POST" else status in (200, 400), address


def test_every_answer_allows_our_own_frame_and_nothing_else(op: Visitor) -> None:
    for method, address in routes():
        headers = op.client.request(method, address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_an_act_comes_from_our_own_page_opened_by_the_same_person(op: Visitor, log: Log) -> None:
    asked = {"do": "halt", "why": "no"}
    token = re.search(r'name="_token" value="(\w+)"', op.get("/sending"))
    assert token is not None
    others = re.search(r'name="_token" value="(\w+)"', visitor("admin").get("/sending"))
    assert others is not None

    for fields, headers in (
        (asked, {}),
        ({**asked, "_token": others.group(1)}, {}),
        ({**asked, "_token": token.group(1)}, {"origin": "https://evil.example.com"}),
        ({**asked, "_token": token.group(1)}, {"sec-fetch-site": "cross-site"}),
    ):
        assert op.send("/sending", fields, **headers).status_code == 403
    assert acts.standing_halt(log) is None
    here = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}
    assert op.send("/sending", {**asked, "_token": token.group(1)}, **here).status_code == 200
    assert acts.standing_halt(log) is not None


def test_a_receiver_that_is_mounted_under_the_same_prefix_opens_no_page(
    op: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(partner_messages_plugin.MOUNT, "1")
    monkeypatch.setattr(sys, "argv", ["airflow", "api-server"])
    (mounted,) = partner_messages_plugin._apps()
    both = TestClient(Starlette(routes=[Mount(mounted["url_prefix"], mounted["app"])]))

    answered = both.post("/partner-messages/webhook", content=b"{}")
    assert (answered.status_code, answered.text) == (503, "not stored; send it again")
    for method, address in routes():
        assert both.request(method, address).status_code == 401
    both.cookies.update(op.client.cookies)
    assert "Nothing needs a person." in both.get("/partner-messages/people").text


def test_numbers_are_masked_for_who_may_only_look(op: Visitor, viewer: Visitor, log: Log) -> None:
    sent = put(log, "sent")
    call_a_person(log)
    assert PHONE in op.get(f"/messages/{sent}")
    assert f"tel:{PHONE}" in op.get("/people")
    for address in (f"/messages/{sent}", "/people", "/messages", f"/partners/{PARTNER_ID}"):
        assert PHONE not in viewer.get(address)
