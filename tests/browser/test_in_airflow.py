"""The pages within Airflow's own: its navigation, its frame, its address, its colours."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from partner_messages.pages.render import PREFIX
from sandbox import stack
from support.airflow_up import AirflowUp
from support.browser import FRAME, Tab

pytestmark = pytest.mark.takes_a_minute


def test_who_logs_in_finds_the_pages_in_airflows_navigation(in_airflow: Tab) -> None:
    frame = in_airflow.frame()
    frame.get_by_role("link", name="Needs a person").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Needs a person")
    expect(in_airflow.page).to_have_url(re.compile(f"/plugin/partner-messages{PREFIX}/people$"))
    frame.get_by_role("link", name="Today").click()
    expect(frame.locator(".sentence")).to_contain_text("found stuck")


def test_a_page_in_the_frame_is_as_dark_as_airflow(in_airflow: Tab) -> None:
    ours, airflows = in_airflow.show("/").locator("html"), in_airflow.page.locator("html")
    for theme, other in (("dark", "light"), ("light", "dark")):
        airflows.evaluate(f"(root) => root.classList.replace('{other}', '{theme}')")
        expect(ours).to_have_class("dark" if theme == "dark" else "")


def test_the_address_holds_the_filters(in_airflow: Tab) -> None:
    page, frame = in_airflow.page, in_airflow.show("/")
    frame.get_by_role("link", name="Messages", exact=True).click()
    rows, reason = frame.locator("tbody tr"), frame.locator("[name=reason]")
    everything = re.compile(f"{PREFIX}/messages$")
    expect(page).to_have_url(everything)
    expect(rows.filter(has_text="delivered").or_(rows.filter(has_text="accepted")).first).to_be_visible()

    reason.select_option("no_phone")
    frame.get_by_role("button", name="Show").click()
    narrowed = re.compile(f"{PREFIX}/messages.*reason=no_phone")
    expect(page).to_have_url(narrowed)
    expect(rows.filter(has_not_text="no phone")).to_have_count(0)
    page.reload()
    expect(reason).to_have_value("no_phone")
    expect(rows.filter(has_text="no phone").first).to_be_visible()

    frame.locator("[name=status]").select_option("skipped")
    frame.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("status=skipped&reason=no_phone"))
    page.go_back()
    expect(page).to_have_url(re.compile("status=&reason=no_phone"))
    expect(frame.locator("[name=status]")).to_have_value("")


def test_a_link_to_airflow_leaves_the_frame(in_airflow: Tab, up: AirflowUp) -> None:
    in_airflow.show(f"/messages/{up.messages('delivered', 'read')[0]}").locator("a[data-airflow]").first.click()
    expect(in_airflow.page).to_have_url(re.compile(f"/dags/{stack.DAG}/runs/"))
    # Airflow's address changes first: who were to come back before its frame has gone would find the same page in it.
    expect(in_airflow.page.locator(FRAME)).to_have_count(0)
    in_airflow.page.get_by_role("link", name="Partner messages").click()
    expect(in_airflow.frame().locator(".sentence")).to_be_visible()


def test_a_swap_keeps_the_focus_and_says_what_was_found(in_airflow: Tab) -> None:
    frame = in_airflow.show("/messages")
    status, show, partner = frame.get_by_role("status"), frame.get_by_role("button", name="Show"), "[name=partner]"
    frame.locator("body").evaluate("(body) => { body.dataset.kept = 'yes' }")
    frame.locator("[name=reason]").select_option("no_phone")
    show.press("Enter")
    expect(status).to_have_text(re.compile(r"^\d+ messages?\.$"))
    expect(show).to_be_focused()
    frame.locator(partner).fill("Nobody At All")
    frame.locator(partner).press("Enter")
    expect(frame.get_by_role("alert")).to_contain_text("No partner has the id")
    expect(frame.locator("tbody")).to_have_count(0)
    expect(frame.locator(partner)).to_be_focused()
    expect(frame.locator("body")).to_have_attribute("data-kept", "yes")
