"""Each act on the pages, pressed as people press it: what is said of it, and what stands there afterwards."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import FrameLocator, expect

from partner_messages.pages.render import PREFIX
from sandbox import stack
from sandbox.shop import partner_id, run_id
from support.airflow_up import AirflowUp, wait_for
from support.browser import Tab

pytestmark = pytest.mark.takes_a_minute


def test_sending_is_halted_and_goes_on(in_airflow: Tab, sending: None) -> None:
    frame = in_airflow.show("/sending")
    _do(frame, "Halt all sending", why="wrong texts")
    expect(frame.get_by_role("status")).to_contain_text("All sending is halted")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("HALTED")
    _do(frame, "Let sending go on", why="corrected")
    expect(frame.get_by_role("status")).to_contain_text("Sending may go on")
    expect(frame.locator("main li").first).to_contain_text("corrected")


def test_an_item_is_taken_on_noted_put_off_and_closed(in_airflow: Tab, up: AirflowUp) -> None:
    id_ = up.escalation("no_reaction", "START72H1S", "RAJESH")
    frame = in_airflow.show("/people")
    item, status = frame.locator(f"[id='{id_}']"), frame.get_by_role("status")
    frame.locator("body").evaluate("(body) => { body.dataset.kept = 'yes' }")
    item.get_by_role("button", name="Take it on").press("Enter")
    expect(status).to_have_text("It is yours.")
    expect(item).to_contain_text("ops has it.")
    expect(item.get_by_role("button", name="Give it back")).to_be_focused()
    item.get_by_text("Note, put off or close").click()
    item.get_by_label("What you found, or why").fill("a fair")
    item.get_by_role("button", name="Put it off").click()
    expect(status.get_by_role("alert")).to_contain_text("day")
    expect(item.get_by_label("What you found, or why")).to_have_value("a fair")
    item.get_by_text("Note, put off or close").click()
    until = up.day + dt.timedelta(days=30)
    for act, why, done, shown in (
        ("Note it", "will ring on Thursday", "Noted.", "will ring on Thursday"),
        ("Put it off", "a fair", "Put off; it comes back by itself.", f"Put off until {until:%a %-d %b %Y}"),
        ("Close it", "they begin tomorrow", "Closed.", None),
    ):
        item.get_by_text("Note, put off or close").click()
        item.get_by_label("What you found, or why").fill(why)
        item.get_by_label("Until").fill(until.isoformat() if act == "Put it off" else "")
        item.get_by_role("button", name=act).click()
        expect(status).to_contain_text(done)
        if shown:
            expect(item).to_contain_text(shown)
            expect(item).to_be_focused()
    expect(item).to_have_count(0)
    expect(frame.locator("main :focus, main:focus")).to_have_count(1)
    expect(frame.locator("body")).to_have_attribute("data-kept", "yes")


def test_a_partner_is_opted_out_and_back(in_airflow: Tab) -> None:
    frame = in_airflow.show(f"/partners/{partner_id('RAJESH')}")
    frame.get_by_label("They told us that they want no more messages").check()
    _do(frame, "Write it down", why="on the phone")
    expect(frame.get_by_role("status")).to_contain_text("not written to any more")
    expect(frame.locator(".alert")).to_contain_text("has opted out")
    frame.get_by_label("It was entered by mistake").check()
    _do(frame, "Write it down", why="another partner was meant")
    expect(frame.get_by_role("status")).to_contain_text("taken back")
    expect(frame.locator(".alert")).to_have_count(0)


def test_a_run_is_left_alone_for_a_while(in_airflow: Tab, up: AirflowUp) -> None:
    frame = in_airflow.show(f"/runs/{run_id('ENDED')}")  # No tick finds it, so no other test meets what is said of it.
    status, until = frame.get_by_role("status"), (up.day + dt.timedelta(days=7)).isoformat()
    frame.locator("form").filter(has_text="Leave alone until then").get_by_label("Until").fill(until)
    _do(frame, "Leave alone until then", why="a wedding")
    expect(status).to_contain_text("Nobody is written to of the run until")
    ends = frame.locator("form").filter(has_text="It ends by itself")
    ends.get_by_label("Why it ends today").fill("they are back")
    ends.get_by_role("button").click()
    expect(ends).to_have_count(0)
    expect(status).not_to_be_empty()


def test_the_tick_of_the_day_is_held_and_goes_on(in_airflow: Tab) -> None:
    frame = in_airflow.show("/before")
    _do(frame, "Hold today's tick", why="wrong prices")
    expect(frame.get_by_role("status")).to_contain_text("is held")
    again = frame.locator("form").filter(has_text="Let the tick go on")
    again.get_by_label("Why it may go on").fill("corrected")
    again.get_by_role("button").click()
    expect(frame.get_by_role("status")).to_contain_text("may go on")


def test_what_is_not_known_is_settled(in_airflow: Tab, up: AirflowUp) -> None:
    frame = in_airflow.show(f"/messages/{up.reminder('unknown', 'START71H', 'RAJESH', claimed_at='now')}")
    frame.get_by_label("It arrived").check()
    frame.get_by_label("How you know").fill("asked them")
    frame.get_by_role("button", name="Write it down").click()
    expect(frame.get_by_role("status")).to_have_text("It counts as sent.")
    expect(frame.locator("h1 + p")).to_contain_text("accepted by Meta")


def test_other_settings_are_tried_saved_and_taken_back(in_airflow: Tab) -> None:
    page, frame = in_airflow.page, in_airflow.show("/what-if")
    status = frame.get_by_role("status")
    frame.locator("body").evaluate("(body) => { body.dataset.kept = 'yes' }")
    frame.locator("[name=escalate_after]").fill("never mind")
    frame.get_by_role("button", name="Show").click()
    expect(status.get_by_role("alert")).to_be_visible()
    expect(frame.locator("[name=escalate_after]")).to_have_value("never mind")
    frame.locator("[name=escalate_after]").fill("4")
    frame.get_by_role("button", name="Show").click()
    expect(status).to_contain_text("with those chosen")
    expect(page).to_have_url(re.compile("escalate_after=4"))
    _do(frame, "Save as the new settings", why="sooner")
    expect(status).to_contain_text("Saved")
    expect(page).to_have_url(re.compile(f"{PREFIX}/what-if$"))
    taken_back = frame.locator("form").filter(has_text="Set these back").first
    taken_back.get_by_label("Why").fill("too soon")
    taken_back.get_by_role("button").click()
    expect(status).to_contain_text("Taken back")
    expect(frame.locator("body")).to_have_attribute("data-kept", "yes")


def test_what_sounded_like_stop_is_decided_on_and_leads_to_the_partner(in_airflow: Tab, up: AirflowUp) -> None:
    id_ = up.escalation("maybe_opt_out", "START72H1S", "MEERA")
    item = in_airflow.show("/people").locator(f"[id='{id_}']")
    item.get_by_label("How you know").fill("they were closed today")
    item.get_by_role("button", name="It was none").click()
    expect(in_airflow.frame().get_by_role("status")).to_have_text("It was none: the partner is written to as before.")
    expect(in_airflow.page).to_have_url(re.compile(f"{PREFIX}/partners/{partner_id('MEERA')}$"))
    expect(in_airflow.frame().locator("li", has_text="maybe opt out")).to_contain_text("they were closed today")


def test_what_a_partner_has_promised_is_written_down(in_airflow: Tab, up: AirflowUp) -> None:
    frame = in_airflow.show(f"/runs/{run_id('START72H')}")
    form = frame.locator("form").filter(has_text="has told somebody by when")
    form.get_by_label("By", exact=True).fill((up.day + dt.timedelta(days=3)).isoformat())
    form.get_by_label("How you know").fill("on the phone")
    form.get_by_role("button").click()
    expect(frame.get_by_role("status")).to_contain_text("Nobody is reminded of it until the sending day after")
    expect(frame.locator("main")).to_contain_text("Promised:")


def test_what_failed_is_sent_again_by_a_dag_run(in_airflow: Tab, up: AirflowUp) -> None:
    (failed,) = up.messages("failed")
    # Who unpauses a DAG gets its last tick that was missed: as it is late, it sends nothing.
    anytime = {"delivery": "live", "send_window": ["00:00", "23:59"], "tick_grace": 1}
    with up.settings(**anytime) as ask, up.unpaused(ask):
        frame = in_airflow.show("/messages?status=failed")
        frame.locator(f"input[value='{failed}']").check()
        frame.get_by_role("button", name="See which of the ticked may be sent again").click()
        expect(frame.get_by_role("heading", level=1)).to_have_text("1 of 1 message may be sent again")
        _do(frame, "Send 1 message again", why="the number is repaired")
        expect(frame.get_by_role("status")).to_contain_text("1 message handed to Airflow")
        expect(in_airflow.page).to_have_url(re.compile(f"{PREFIX}/resent/resend__"))
        wait_for(lambda: "1 resent" in in_airflow.show(_address(in_airflow)).locator("main").inner_text())


def test_a_preview_goes_to_the_test_phone(in_airflow: Tab, up: AirflowUp) -> None:
    phone = "+919812345678"
    with up.settings(test_phones=[phone]):
        frame = in_airflow.show("/preview?of=template&id=jyt_production_run_reminder_pending_v1/hi/in")
        _do(frame, "Send the preview", why="to see it")
        expect(frame.get_by_role("status")).to_contain_text("Handed to Airflow: one message to +91")
        expect(in_airflow.page).to_have_url(re.compile("delivery=redirect"))
        wait_for(lambda: phone in [one["to"] for one in up.outbox()])


def test_the_templates_are_read_anew(in_airflow: Tab, up: AirflowUp) -> None:
    frame, runs = in_airflow.show("/templates"), f"{up.url}/api/v2/dags/{stack.TEMPLATES_DAG}/dagRuns"
    frame.get_by_text("Submit them, or read them anew").click()
    frame.get_by_label("Why").fill("to see what Meta says")
    frame.get_by_role("button", name="Read them anew").click()
    expect(frame.get_by_role("status")).to_contain_text("Handed to Airflow")
    ask = up.asks()
    wait_for(lambda: "success" in [run["state"] for run in ask.get(runs, timeout=30).json()["dag_runs"]])


def _address(tab: Tab) -> str:
    """Which of our pages the tab shows."""
    return tab.page.url.split(PREFIX)[-1]


def _do(frame: FrameLocator, act: str, why: str) -> None:
    form = frame.locator("form").filter(has_text=act)
    form.get_by_label("Why").fill(why)
    form.get_by_role("button", name=act).click()


def test_the_keyboard_alone_will_do(alone: Tab, sending: None) -> None:
    page, press = alone.page, alone.page.keyboard.press
    page.goto(f"{PREFIX}/sending")
    press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    press("Enter")
    for why, act, done in (
        ("Why", "Halt all sending", "All sending is halted"),
        ("Why it may go on", "Let sending go on", "Sending may go on"),
    ):
        expect(page.locator("main")).to_be_focused()
        press("Tab")
        expect(page.get_by_label(why)).to_be_focused()
        page.keyboard.type("by hand")
        press("Tab")
        expect(page.get_by_role("button", name=act)).to_be_focused()
        press("Enter")
        expect(page.get_by_role("status")).to_contain_text(done)
