"""A whole Airflow, up and down again, and the pages in it as people use them: with a mouse, a keyboard or a phone."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import requests
from playwright.sync_api import Browser, FrameLocator, expect

from partner_messages.deployment import run_context
from partner_messages.message_log import acts
from partner_messages.pages.render import PREFIX
from sandbox import airflow_env, stack
from sandbox.processes import pauses
from sandbox.shop import partner_id, run_id
from support import airflow_up as ups
from support import programs
from support.airflow_up import AirflowUp
from support.browser import (
    DESK,
    PHONE,
    Tab,
    chromium,
    is_wider_than_its_window,
    serious_findings,
    small_targets,
    tab,
)
from whatsapp_provider.provider_info import get_provider_info

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
    "preview": "/preview?of=run&id={run}",
    "error": "/messages?status=gone",
}
"""Every page, once: what is asked of each of them is asked of a new one by a line here."""

PICTURES = (("today", "light"), ("today", "dark"), ("messages", "light"), ("people", "light"), ("partner", "dark"))
"""Those of which the docs have a picture (make pictures): light on a desk, dark on a phone."""
DOCS = programs.PROJECT / "docs/pictures"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowUp]:
    with ups.airflow_up(tmp_path_factory.mktemp("up")) as airflow:
        yield airflow


@pytest.fixture(scope="module")
def addresses(up: AirflowUp) -> dict[str, str]:
    """The pages' addresses, each with something on it."""
    # Of a run that no tick finds, for one that was reminded today has no second reminder.
    message = up.reminder("unknown", "ENDED", "RAJESH")
    up.escalation("asked_for_help", "SENT25H", "RAJESH", days=3)
    up.escalation("maybe_opt_out", "START73H", "RAJESH", days=5)
    ids = {"message": message, "partner": partner_id("RAJESH"), "run": run_id("SENT25H")}
    return {name: address.format(**ids) for name, address in PAGES.items()}


@pytest.fixture(scope="module")
def browser(up: AirflowUp) -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def _in_airflow(browser: Browser, up: AirflowUp) -> Iterator[Tab]:
    with tab(browser, up.url) as opened:
        opened.page.goto("/")
        opened.page.get_by_label("Username").fill("ops")
        opened.page.locator("input[type=password]").fill(airflow_env.password_of("ops"))
        opened.page.keyboard.press("Enter")
        opened.page.get_by_role("link", name="Partner messages").click()
        expect(opened.frame().locator(".sentence")).to_be_visible()
        yield opened


@pytest.fixture(scope="module")
def _alone(browser: Browser, up: AirflowUp) -> Iterator[Tab]:
    with tab(browser, up.url, up.token("ops")) as opened:
        yield opened


@pytest.fixture
def in_airflow(_in_airflow: Tab) -> Iterator[Tab]:
    """The tab of somebody who has logged in and followed Airflow's navigation to our pages."""
    yield _in_airflow
    assert _in_airflow.errors == [], _in_airflow.errors


@pytest.fixture
def alone(_alone: Tab) -> Iterator[Tab]:
    """A tab in which our pages are by themselves, on a desk."""
    _alone.page.set_viewport_size(DESK)
    _alone.page.emulate_media(color_scheme="light")
    yield _alone
    assert _alone.errors == [], _alone.errors


@pytest.fixture
def sending(up: AirflowUp) -> Iterator[None]:
    """Sending goes on after the test, however it ends."""
    yield
    now = run_context.wall_clock()
    acts.go_on(up.log, who="a test", why="it is over", now=now, asked_at=now)


# Up


def test_everything_comes_up_and_can_be_used(up: AirflowUp) -> None:
    assert requests.get(up.phones, timeout=10).ok
    ask = requests.Session()
    ask.headers["Authorization"] = f"Bearer {up.token()}"
    dags = ask.get(f"{up.url}/api/v2/dags", timeout=30).json()["dags"]
    assert [dag["dag_id"] for dag in dags if dag["is_paused"]] == [stack.DAG]
    entered = ask.get(f"{up.url}/api/v2/connections", timeout=30).json()["connections"]
    assert {one["connection_id"] for one in entered} >= {
        *("production_db", "message_log_db", "shop_inbox_db", "partner_portal", "whatsapp_in"),
    }
    settings = ask.get(f"{up.url}/api/v2/variables/partner_messages", timeout=30).json()
    assert '"allow_any_time": true' in settings["value"]

    printed = re.search(rf"trigger {stack.EVENTS_DAG} --conf '(.+)'", up.said)
    assert printed
    asked = {"logical_date": None, "conf": json.loads(printed[1])}
    ask.post(f"{up.url}/api/v2/dags/{stack.EVENTS_DAG}/dagRuns", json=asked, timeout=30)
    _wait_for(lambda: "jyt_production_run_assigned_v1" in requests.get(f"{up.phones}/_sandbox/outbox", timeout=10).text)


def test_the_connection_type_has_a_form_with_labels_and_hides_what_is_secret(browser: Browser, up: AirflowUp) -> None:
    (form,) = get_provider_info()["connection-types"]
    fields = form["conn-fields"]
    with tab(browser, up.url, up.token("admin")) as opened:
        page = opened.page
        page.goto("/connections")
        page.get_by_role("button", name="Add Connection").click()
        page.get_by_role("combobox").last.fill(form["hook-name"])
        page.keyboard.press("Enter")
        for label in form["ui-field-behaviour"]["relabeling"].values():
            expect(page.get_by_text(label, exact=True)).to_be_visible()
        page.get_by_text("Extra Fields", exact=True).click()
        for field in fields.values():
            expect(page.get_by_text(field["label"]).first).to_be_visible()
            expect(page.get_by_text(field["description"]).first).to_be_visible()
        hidden = {one.get_attribute("name") for one in page.locator("input[type=password]").all()}
    secret = {f"element_{name}" for name, field in fields.items() if field["schema"].get("format") == "password"}
    assert hidden == {"password", *secret}


def test_who_answers_is_replied_to_as_their_answer_starts_upkeep(up: AirflowUp) -> None:
    def outbox(kind: str) -> list[dict[str, Any]]:
        sent = requests.get(f"{up.phones}/_sandbox/outbox", timeout=10).json()["messages"]
        return [one for one in sent if one["type"] == kind]

    reached = next(one for one in outbox("template") if one["to"].lstrip("+").startswith("91"))
    earlier = [one["id"] for one in outbox("text")]
    answer = {"phone_number_id": reached["phone_number_id"], "number": reached["to"], "text": "हिंदी", "kind": "text"}
    with _settings(up, delivery="live") as ask:  # In a dry run nothing leaves, a reply neither.
        assert requests.post(f"{up.phones}/_sandbox/inbound", json=answer, timeout=30).ok
        _wait_for(lambda: reached["to"] in [one["to"] for one in outbox("text") if one["id"] not in earlier])
    runs = f"{up.url}/api/v2/dags/{stack.UPKEEP_DAG}/dagRuns"
    _wait_for(lambda: "asset_triggered" in {run["run_type"] for run in ask.get(runs, timeout=30).json()["dag_runs"]})


@contextlib.contextmanager
def _settings(up: AirflowUp, **changes: Any) -> Iterator[requests.Session]:
    """Change settings while the block runs; yields a session that is logged in as who may do that."""
    ask = requests.Session()
    ask.headers["Authorization"] = f"Bearer {up.token('admin')}"
    variable = f"{up.url}/api/v2/variables/partner_messages"
    before = ask.get(variable, timeout=30).json()["value"]

    def set_to(value: str) -> None:
        assert ask.patch(variable, json={"key": "partner_messages", "value": value}, timeout=30).ok

    set_to(json.dumps({**json.loads(before), **changes}))
    try:
        yield ask
    finally:
        set_to(before)


def _wait_for(condition: Callable[[], bool]) -> None:
    for _ in pauses(120):
        if condition():
            return
    pytest.fail("it did not come about within two minutes")


# Within Airflow


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


def test_a_link_to_airflow_leaves_the_frame(in_airflow: Tab, addresses: dict[str, str]) -> None:
    in_airflow.show(addresses["message"]).locator("a[data-airflow]").click()
    expect(in_airflow.page).to_have_url(re.compile(f"/dags/{stack.DAG}/runs/"))
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


# Each act


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


# Every page, for everybody


@pytest.mark.parametrize("name", PAGES)
def test_nothing_bars_anybody_from_a_page(
    alone: Tab, addresses: dict[str, str], name: str, pytestconfig: pytest.Config
) -> None:
    found, page = {}, alone.page
    for scheme, window in (("light", DESK), ("dark", PHONE)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(window)
        page.goto(PREFIX + addresses[name])
        found[scheme] = [*serious_findings(page), *small_targets(page)]
        if is_wider_than_its_window(page):
            found[scheme].append("it scrolls sideways")
        if pytestconfig.option.pictures and (name, scheme) in PICTURES:
            page.screenshot(path=DOCS / f"{name}-{scheme}.png")
    assert found == {"light": [], "dark": []}


# A tick that waits


@pytest.fixture
def approve_first(up: AirflowUp) -> Iterator[requests.Session]:
    """Scheduled ticks wait for approval, and find runs that were sent an hour ago; who asks is logged in."""
    # (The test has no time to wait for what ends the day: two minutes before midnight in India it cannot run.)
    waits = {"approve_first": True, "approve_until": "23:58", "send_window": ["00:00", "23:59"], "delivery": "live"}
    with _settings(up, **waits, thresholds={"assignment_pending": 1}) as ask:
        yield ask
        _pause(ask, up, True)


def _pause(ask: requests.Session, up: AirflowUp, is_paused: bool) -> None:
    assert ask.patch(f"{up.url}/api/v2/dags/{stack.DAG}", json={"is_paused": is_paused}, timeout=30).ok


def test_a_scheduled_tick_waits_is_approved_on_the_page_and_sends(
    up: AirflowUp, alone: Tab, approve_first: requests.Session
) -> None:
    runs = f"{up.url}/api/v2/dags/{stack.DAG}/dagRuns"
    # It is 10:00 once a day: a run that was triggered while the DAG is paused becomes one of the schedule.
    run = approve_first.post(runs, json={"logical_date": None, "conf": {}}, timeout=30).json()["dag_run_id"]
    with psycopg.connect(up.metadata_url) as metadata:
        metadata.execute("UPDATE dag_run SET run_type = 'scheduled' WHERE run_id = %s", [run])
    _pause(approve_first, up, False)

    def state(task: str) -> str | None:
        found = approve_first.get(f"{runs}/{run}/taskInstances/{task}", timeout=30).json()
        return found.get("state")

    _wait_for(lambda: state("wait_for_approval") == "up_for_reschedule")
    waiting = up.log.execute("SELECT id FROM message_log WHERE dag_run_id = %s AND status = 'queued'", [run]).fetchall()
    assert waiting
    alone.page.goto(PREFIX + "/before")
    expect(alone.page.get_by_role("heading", level=1)).to_contain_text("not sent yet")
    form = alone.page.locator("form", has_text="may leave with the tick")
    form.get_by_label("What you looked at, or why").fill("looked at each")
    form.get_by_role("button", name="Approve these").click()
    expect(alone.page.get_by_role("status")).to_contain_text(f"Approved: {len(waiting)} message")
    with psycopg.connect(up.metadata_url) as metadata:  # Not a minute's wait: it asks again at once.
        metadata.execute("UPDATE task_reschedule SET reschedule_date = now()")
    _wait_for(lambda: approve_first.get(f"{runs}/{run}", timeout=30).json()["state"] in ("success", "failed"))
    assert state("wait_for_approval") == "success"
    left = up.log.execute("SELECT status FROM message_log WHERE id = ANY (%s)", [[one["id"] for one in waiting]])
    assert {one["status"] for one in left.fetchall()} <= {"sent", "delivered", "read"}
