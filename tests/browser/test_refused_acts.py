"""An act that is refused leaves its page and what was typed as they are, and says why there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from partner_messages.config.paths import OPS, included
from support.browser import chromium

HERE = "http://ops.test/runs/R1"
PAGE = (
    '<!doctype html><html><head><script src="/htmx.min.js" defer></script><script src="/ops.js" defer></script>'
    '<meta name="htmx-config" content=\'{"allowEval": false, "responseHandling": [{"code": ".*", "swap": true}]}\'>'
    '</head><body><main id="main" tabindex="-1"><div id="status" role="status">%s</div>%s</main></body></html>'
)
FORM = '<form class="act" method="post" %s><input name="why"><button name="do" value="hold">Hold it</button></form>'


@pytest.fixture
def page():
    with chromium() as browser:
        yield browser.new_page()


def test_what_was_typed_stays_and_the_refusal_is_said_there(page: Page) -> None:
    macros = (included(OPS) / "macros.html").read_text()
    in_place = macros.partition("{% set in_place %}")[2].partition("{% endset %}")[0]
    form, asked = FORM % in_place, list[str]()

    def answer(route):
        asked.append(route.request.method)
        name = route.request.url.rpartition("/")[2]
        if name.endswith(".js"):
            route.fulfill(body=(included(OPS) / name).read_text(), content_type="text/javascript")
        elif asked.count("POST") == 1 and route.request.method == "POST":
            route.fulfill(status=400, body=PAGE % ("", '<p class="alert">Too far ahead.</p>'), content_type="text/html")
        else:
            done = "Done." if "POST" in asked else ""
            route.fulfill(body=PAGE % (done, form), content_type="text/html")

    page.route("http://ops.test/**", answer)
    page.goto(HERE)
    page.locator("input").fill("they said so")
    page.get_by_role("button").click()
    expect(page.locator("#status")).to_have_text("Too far ahead.")
    expect(page.locator("input")).to_have_value("they said so")
    page.get_by_role("button").click()
    expect(page.locator("#status")).to_have_text("Done.")
    expect(page.locator("main")).to_have_count(1)
