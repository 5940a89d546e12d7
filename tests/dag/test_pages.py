"""The pages over a real tick: what they say, who may see and do it, and that what was done lasts."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from partner_messages.pages.app import pages_app
from support.deployment import Deployment
from support.log_rows import Log
from support.pages import Visitor, visitor
from support.ticks import go_through


@pytest.fixture
def op(dags: object, deployment: Deployment) -> Visitor:
    return visitor("op")


@pytest.fixture
def viewer(dags: object, deployment: Deployment) -> Visitor:
    return visitor("viewer")


ROUTES = [
    (method, route.path)
    for route in pages_app().routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
NOBODY = "00000000-0000-0000-0000-000000000000"


def filled(path: str) -> str:
    return (
        path.replace("{message_id}", NOBODY)
        .replace("{escalation_id}", NOBODY)
        .replace("{partner_id}", "nobody")
        .replace("{run}", "none")
        .replace("{name}", "ops.css")
    )


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_is_open_to_who_has_not_logged_in(
    dags: object, deployment: Deployment, method: str, path: str
) -> None:
    answer = visitor(None).client.request(method, "/partner-messages" + filled(path))
    assert answer.status_code == 401
    assert "log in" in answer.text


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_may_only_look_can_read_every_page_and_do_nothing(
    viewer: Visitor, log: Log, method: str, path: str
) -> None:
    answer = viewer.client.request(method, "/partner-messages" + filled(path))
    assert (answer.status_code == 403) == (method == "POST")
    assert answer.status_code in (200, 400, 403)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_allows_our_own_frame_and_nothing_else(op: Visitor, log: Log, method: str, path: str) -> None:
    answer = op.client.request(method, "/partner-messages" + filled(path))
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_day_adds_up_and_leads_to_its_messages(op: Visitor, log: Log) -> None:
    go_through(log)
    html = op.get("/?delivery=live")
    print(html)
    assert "found stuck" in html
