"""Every page, light on a desk and dark on a phone: nothing bars anybody from it."""

from __future__ import annotations

import pytest

from partner_messages.pages.render import PREFIX
from sandbox.shop import partner_id, run_id
from support import programs
from support.airflow_up import AirflowUp
from support.browser import DESK, PHONE, Tab, is_wider_than_its_window, serious_findings, small_targets

pytestmark = pytest.mark.takes_a_minute

PAGES = {
    "today": "/",
    "messages": "/messages",
    "message": "/messages/{message}",
    "partners": "/partners?name=a",
    "partner": "/partners/{partner}",
    "run": "/runs/{run}",
    "people": "/people",
    "templates": "/templates",
    "before": "/before",
    "what if": "/what-if",
    "effect": "/effect",
    "halt": "/sending",
    "resend": "/resend?id={message}",
    "preview": "/preview?of=template&id=jyt_production_run_reminder_pending_v1/hi/in",
    "error": "/messages?status=gone",
}
"""Every page, once: what is asked of each of them is asked of a new one by a line here."""

PICTURES = (("today", "light"), ("today", "dark"), ("messages", "light"), ("people", "light"), ("partner", "dark"))
"""Those of which the docs have a picture (make pictures): light on a desk, dark on a phone."""
DOCS = programs.PROJECT / "docs/pictures"


@pytest.fixture(scope="module")
def addresses(up: AirflowUp) -> dict[str, str]:
    """The pages' addresses, each with something on it."""
    # Of a run that no tick finds, for one that was reminded today has no second reminder.
    message = up.reminder("unknown", "ENDED", "RAJESH")
    up.escalation("asked_for_help", "SENT25H", "RAJESH", days=3)
    up.escalation("maybe_opt_out", "START73H", "RAJESH", days=5)
    ids = {"message": message, "partner": partner_id("RAJESH"), "run": run_id("SENT25H")}
    return {name: address.format(**ids) for name, address in PAGES.items()}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_bars_anybody_from_a_page(
    alone: Tab, addresses: dict[str, str], name: str, pytestconfig: pytest.Config
) -> None:
    found, page = {}, alone.page
    answer = page.goto(PREFIX + addresses[name])
    assert answer
    assert answer.ok is (name != "error"), page.locator("main").inner_text()
    for scheme, window in (("light", DESK), ("dark", PHONE)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(window)
        found[scheme] = [*serious_findings(page), *small_targets(page)]
        if is_wider_than_its_window(page):
            found[scheme].append("it scrolls sideways")
        if pytestconfig.option.pictures and (name, scheme) in PICTURES:
            page.screenshot(path=DOCS / f"{name}-{scheme}.png")
    assert found == {"light": [], "dark": []}
