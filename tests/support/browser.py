"""Debian's Chromium, and what a person with a keyboard, a phone or a screen reader would trip over."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, expect, sync_playwright

from partner_messages.pages.render import PREFIX
from support.needed import is_missing

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
FRAME = "iframe[title='Partner messages']"
PATIENCE_MS = 60_000
SERIOUS = ("serious", "critical")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_TOO_SMALL = """
() => {
  const inText = (one) => one.matches("a") && getComputedStyle(one).display === "inline";
  return [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip") && !inText(one))
    .map((one) => [one, one.getBoundingClientRect(), one.matches("a[href^='tel:']") ? 44 : 24])
    .filter(([, box, least]) => box.width < least || box.height < least)
    .map(([one, box]) => `${one.outerHTML.slice(0, 90)} is ${box.width} x ${box.height}`);
}
"""
"""Targets under 24 px, or 44 for a call. A link within a sentence is as high as its line, as WCAG 2.2 allows."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chromium without a window; without one the test is skipped, but in CI it fails."""
    path = shutil.which("chromium")
    if path is None:
        is_missing("Debian's package chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A tab of somebody's browser.

    Attributes:
        page: As Playwright drives it.
        errors: What our pages have written to the console; what Airflow's own pages write is Airflow's matter.
    """

    page: Page
    errors: list[str] = field(default_factory=list)

    def frame(self) -> FrameLocator:
        """Our frame within Airflow's page."""
        return self.page.frame_locator(FRAME)

    def show(self, address: str) -> FrameLocator:
        """Show one of our pages in the frame, as a link within it does."""
        frame = self.page.locator(FRAME).element_handle().content_frame()
        assert frame
        frame.goto(PREFIX + address)
        return self.frame()

    def hear(self, said: ConsoleMessage) -> None:
        """Keep an error of ours; a filter that cannot be applied is none, though Chromium writes down each 400."""
        place = said.location.get("url", "")
        if said.type == "error" and urlsplit(place).path.startswith(PREFIX) and "status of 400" not in said.text:
            self.errors.append(f"{said.text} ({place})")


@contextlib.contextmanager
def tab(browser: Browser, url: str, token: str | None = None, **options: Any) -> Iterator[Tab]:
    """Open a tab of a browser that nobody has used before.

    Args:
        browser: The browser.
        url: Where Airflow is.
        token: Of `AirflowUp.token`; None for nobody.
        options: Of a browser context, such as `color_scheme`.
    """
    context = browser.new_context(base_url=url, **{"viewport": DESK, **options})
    context.set_default_timeout(PATIENCE_MS)
    if token:
        context.add_cookies([{"name": "_token", "value": token, "url": url}])
    opened = Tab(context.new_page())
    context.on("console", opened.hear)
    context.on("weberror", lambda error: opened.errors.append(str(error.error)))
    yield opened
    context.close()


def serious_findings(page: Page) -> Sequence[str]:
    """What axe finds that bars somebody from the page."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": _RULES}).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})"
        for one in found
        if one["impact"] in SERIOUS
    ]


def small_targets(page: Page) -> Sequence[str]:
    """What is too small to be hit with a finger."""
    found: list[str] = page.evaluate(_TOO_SMALL)
    return found


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
