"""The pages as Airflow's API server mounts them, asked by people who have logged in to its simple auth manager."""

from __future__ import annotations

import functools
import html
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import httpx
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.pages.app import pages_app


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser.

    Attributes:
        client: What asks; it has their login.
    """

    client: TestClient

    def get(self, address: str, status: int = 200) -> str:
        """The text of a page; of what is seen, entities are undone."""
        answer = self.client.get(PREFIX + address)
        assert answer.status_code == status, (address, answer.status_code, answer.text[:2000])
        return html.unescape(answer.text)

    def post(self, address: str, *, opened: str | None = None, status: int = 200, **fields: str) -> str:
        """Send a form of a page that was opened before, and follow to the page that it leads to."""
        token = re.search(r'name="_token" value="(\w+)"', self.get(opened or address))
        answer = self.send(address, {**fields, "_token": token.group(1) if token else ""})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return html.unescape(answer.text)

    def press(self, address: str, button: str, **typed: str) -> httpx.Response:
        """Press a button on a page as a browser does: the fields of its form go to where that form leads."""
        form = next(one for one in re.findall("<form.*?</form>", self.get(address), re.DOTALL) if button in one)
        leads_to = re.search('^<form[^>]* action="([^"]+)"', form)
        fields = defaultdict[str, list[str]](list)
        for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form):
            fields[name].append(value)
        return self.client.post(leads_to.group(1) if leads_to else PREFIX + address, data={**fields, **typed})

    def send(self, address: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as it is."""
        return self.client.post(PREFIX + address, data=fields, headers=headers)


@functools.cache
def _mounted() -> Any:
    """One application for all who visit, as an API server has it; making one takes longer than all that a test asks."""
    return Starlette(routes=[Mount(PREFIX, pages_app())])


def visitor(role: str | None) -> Visitor:
    """Somebody with a role of the simple auth manager; None has not logged in."""
    client = TestClient(_mounted(), base_url="http://127.0.0.1:8080")
    if role:
        token = create_auth_manager().generate_jwt(SimpleAuthManagerUser(username=f"{role} of ours", role=role))
        client.cookies.set("_token", token)
    return Visitor(client)
