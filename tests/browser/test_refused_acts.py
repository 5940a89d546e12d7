"""An act that is refused leaves its page and what was typed as they are, and says why there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from playwright.sync_api import Browser, Page, expect

from partner_messages.config.paths import OPS, included
from partner_messages.pages.render import environment
from sandbox.in_thread import serving

HERE, THERE = "/runs/R1?of=run", "/resent/1"
PAGE = (
    '<!doctype html><html><head><script src="/htmx.min.js" defer></script><script src="/ops.js" defer></script>'
    '<meta name="htmx-config" content=\'{"allowEval": false, "responseHandling": [{"code": ".*", "swap": true}]}\'>'
    '</head><body><main id="main" tabindex="-1"><div id="status" role="status">%s</div>%s</main></body></html>'
)
FORM = '<form class="act" method="post" %s><input name="why"><button name="do" value="hold">Hold it</button></form>'
MACROS: Any = environment().get_template("macros.html").module


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("how", "leads_to"), [(MACROS.in_place, HERE), (MACROS.leads_on(), THERE)], ids=["in place", "leads on"]
)
def test_what_was_typed_stays_and_the_refusal_is_said_there(page: Page, how: str, leads_to: str) -> None:
    app, posted = FastAPI(), list[str]()

    @app.get("/{name}.js")
    def script(name: str) -> Response:
        return Response((included(OPS) / f"{name}.js").read_text(), media_type="text/javascript")

    @app.get("/{address:path}")
    def show(address: str) -> Response:
        return HTMLResponse(PAGE % ("Done." if posted else "", FORM % how))

    @app.post("/{address:path}")
    def act(address: str) -> Response:
        posted.append(address)
        if len(posted) == 1:
            return HTMLResponse(PAGE % ("", '<p class="alert">Too far ahead.</p>'), 400)
        return RedirectResponse(leads_to, 303)

    with serving(app) as port:
        at = f"http://127.0.0.1:{port}"
        page.goto(at + HERE)
        visited = page.evaluate("history.length")
        page.locator("input").fill("they said so")
        page.get_by_role("button").click()
        expect(page.locator("#status")).to_have_text("Too far ahead.")
        expect(page.locator("input")).to_have_value("they said so")
        expect(page).to_have_url(at + HERE)
        assert page.evaluate("history.length") == visited
        page.get_by_role("button").click()
        expect(page.locator("#status")).to_have_text("Done.")
        expect(page.locator("main")).to_have_count(1)
        expect(page).to_have_url(at + leads_to)
