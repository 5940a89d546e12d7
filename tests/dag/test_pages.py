"""The pages over a real message log: what they say, who may see and do it, and that what was done lasts."""

from __future__ import annotations

import csv
import datetime as dt
import io
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
from partner_messages.pages import app, state
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.examples import DAY, PARTNER_ID, PHONE
from support.log_rows import Log, call_a_person, put, row
from support.pages import Visitor, visitor
from support.submitted import submit_templates
from support.ticks import go_through

NOBODY = str(uuid.UUID(int=0))
RAJESH = partner_id("RAJESH")


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


# Who may see, who may act


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

    assert both.post("/partner-messages/webhook", content=b"{}").status_code == 401
    assert "the signature is not right" in both.post("/partner-messages/webhook", content=b"{}").text
    for method, address in routes():
        assert both.request(method, address).status_code == 401
    both.cookies.update(op.client.cookies)
    assert "Nothing needs a person." in both.get("/partner-messages/people").text


# What a day was


def test_a_day_adds_up_and_every_run_has_an_end(op: Visitor, deployment: Deployment, log: Log) -> None:
    submit_templates()
    tick = go_through(log)
    html = op.get("/")

    assert tick.returned is not None
    found = tick.returned["found"]
    assert found > 30
    taken, skipped = tick.by("status")["sent"], found - tick.by("status")["sent"]
    assert f"{found} runs were found stuck: {taken} reminded" in html
    assert f"{taken} accepted by Meta and no word yet" in html
    assert f"{skipped} not written to" in html
    feet = [int(number) for number in re.findall(r'<tfoot>.*?class="number">(\d+)', html)]
    cells = re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)[: len(feet)]
    sums = [sum(map(int, re.findall(r'class="number">(\d+)<', cell))) for cell in cells]
    assert sums == feet
    assert sum(feet) == found
    assert "delivered" in html
    assert "none: the webhook has said nothing" in html


def test_each_number_of_a_day_leads_to_as_many_runs(op: Visitor, deployment: Deployment, log: Log) -> None:
    submit_templates()
    deployment.set(senders=["in"])
    go_through(log)
    deployment.now += dt.timedelta(minutes=5)
    go_through(log, logical_date=deployment.now, run_after=deployment.now)
    html = op.get("/")
    links = re.findall(r'href="/partner-messages(/messages\?[^"]*&reason=[^"]*)">(\d+) ', html)
    links += re.findall(
        r'href="/partner-messages(/messages\?[^"]*&status=(?!skipped)[^"]*)">.*?class="number">(\d+)<', html, re.DOTALL
    )
    assert len(links) > 5
    for address, number in links:
        assert f"What decided about {number} run" in op.get(address), address
        assert len(set(re.findall(r"/runs/([^\"]+)\"", op.get(address)))) == int(number) or int(number) > 20
    rows = op.client.get("/partner-messages" + links[0][0].replace("/messages?", "/messages.csv?")).text.splitlines()
    assert len(rows) - 1 == int(links[0][1])
    assert "of one day" in op.get("/messages?since=2026-11-20&until=2026-11-23&stuck=idle", 400)


def test_each_partner_of_the_shop_has_a_reason_for_the_day(op: Visitor, log: Log, shop_url: str) -> None:
    go_through(log)
    found = log.execute("SELECT DISTINCT partner_id FROM stuck_run WHERE partner_id IS NOT NULL").fetchall()
    assert len(found) > 20
    for partner in found:
        first = op.get(f"/partners/{partner['partner_id']}").partition("<h3>")[2].partition("<h3>")[0]
        assert first.startswith("Mon 23 Nov 2026"), partner
        assert "See it" in first or "was found stuck" in first


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-22", "No tick: there are none on weekends."),
        ("2026-10-02", "is a holiday (Mahatma Gandhi's Birthday)"),
        ("2026-11-20", "THE TICK DID NOT HAPPEN"),
        ("2026-11-23", "The tick is due and has not planned yet."),
        ("2026-11-25", "The tick is at 10:00."),
    ],
)
def test_a_tick_that_did_not_happen_is_as_visible_as_one_that_did(
    op: Visitor, deployment: Deployment, day: str, said: str
) -> None:
    deployment.set(holidays=["IN"])
    assert said in op.get(f"/?day={day}&delivery=live")


def test_who_paused_the_dag_or_changed_the_settings_is_said(
    op: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.log import Log as Change
    from airflow.utils.session import create_session

    change = Change(event="patch_dag", owner="meera")
    change.dag_id, change.dttm = "production_run_reminders", TICK
    with create_session() as session:
        session.add(change)
    try:
        assert "meera last changed that on Mon 23 Nov, 10:00" in op.get("/")
    finally:
        with create_session() as session:
            session.delete(change)
    monkeypatch.setattr(state, "is_paused", lambda _dag: False)
    log.execute(
        "INSERT INTO audit (at, who, why, act, subject) VALUES (%s, 'asha', 'fewer', 'save_settings', 'settings')",
        [TICK],
    )
    assert "asha last changed the settings on Mon 23 Nov, 10:00" in op.get("/")


def test_what_halts_or_pauses_is_in_letters(
    op: Visitor, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Sending is PAUSED" in re.sub(r"<[^>]*>", "", op.get("/")), "as it is in Airflow until somebody unpauses it"
    monkeypatch.setattr(state, "is_paused", lambda dag: dag == state.DAG)
    html = re.sub(r"<[^>]*>", "", op.get("/"))
    assert "Sending is LIVE, but no new reminders: the DAG production_run_reminders is paused" in html
    monkeypatch.setattr(state, "is_paused", lambda _dag: False)
    assert "Sending is LIVE" in re.sub(r"<[^>]*>", "", op.get("/"))
    deployment.set(delivery="dry_run")
    assert "Sending is DRY RUN" in re.sub(r"<[^>]*>", "", op.get("/"))
    acts.halt(log, who="Asha", why="wrong texts", now=TICK)
    html = re.sub(r"<[^>]*>", "", op.get("/"))
    assert "Sending is HALTED by Asha since 2026-11-23 10:00 IST: wrong texts" in html


# Messages


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("statuss=failed", '"statuss" is no filter; "status" is.'),
        ("status=gone", '"gone" is none of'),
        ("reason=because", '"because" is none of'),
        ("since=2026-11-24&until=2026-11-23", "comes after the last"),
        ("since=2020-01-01&until=2026-11-23", "ask for less at once"),
        ("since=yesterday", "since"),
        ("partner=Nobody+At+All", "No partner has the id"),
        ("after=nowhere", "go back to the first page"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_an_error_in_words_and_never_everybody(
    op: Visitor, log: Log, asked: str, said: str
) -> None:
    put(log, "sent")
    html = op.get(f"/messages?{asked}", 400)
    assert said in html
    assert "Rajesh" not in html
    assert op.client.get(f"/partner-messages/messages.csv?{asked}").status_code == 400


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?delivery=zz", '"zz" is none of live, dry_run, redirect'),
        ("/?day=tomorrow", "must be a day such as"),
        ("/?day=0001-01-01", "must be a day of the years"),
        ("/?dya=2026-11-23", '"dya" is no filter here; "day" is.'),
        ("/?day=2026-11-22&day=2026-11-23", '"day" stands there 2 times'),
        ("/people?dag_run=nosuch", "Airflow knows no DAG run nosuch"),
        ("/people?partner=x", '"partner" is no filter here'),
        ("/before?day=2026-11-23", '"day" is no filter here'),
        ("/sending?a=1", '"a" is no filter here'),
        ("/partners/P1?since=2026-11-23", '"since" is no filter here'),
        ("/messages?status=sent&status=failed", '"status" stands there 2 times'),
        ("/effect?days=14&days=28", '"days" stands there 2 times'),
        ("/what-if?idle=1&idle=2", '"idle" stands there 2 times'),
    ],
)
def test_what_a_page_does_not_know_is_an_error_in_words_on_every_page(
    op: Visitor, log: Log, address: str, said: str
) -> None:
    assert said in op.get(address, 400)


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("", {"A", "B", "C"}),
        ("status=failed", {"B"}),
        ("reason=no_phone", {"C"}),
        ("kind=reminder&run=A", {"A"}),
        (f"partner={PARTNER_ID}", {"A", "B", "C"}),
        ("sender=au", {"B"}),
        ("template=other_v1", {"A"}),
        ("since=2026-11-20&until=2026-11-20", {"D"}),
        ("since=2026-11-20", {"A", "B", "C", "D"}),
    ],
)
def test_filters_narrow(op: Visitor, log: Log, asked: str, runs: set[str]) -> None:
    put(log, "sent", "A", template_name="other_v1")
    put(log, "failed", "B", sender="au")
    put(log, "skipped", "C", skip_reason="no_phone")
    put(log, "sent", "D", day=dt.date(2026, 11, 20))
    assert set(re.findall(r'/runs/(\w)"', op.get(f"/messages?{asked}"))) == runs


def test_a_long_list_is_read_page_by_page_and_has_each_message_once(op: Visitor, log: Log) -> None:
    wanted = {str(put(log, "sent", f"R{number}")) for number in range(120)}
    address, seen = "/messages", list[str]()
    while address:
        html = op.get(address)
        seen += re.findall(r'/messages/([0-9a-f-]{36})"', html)
        following = re.search(r'rel="next" href="([^"]*)"', html)
        address = f"/messages{following.group(1)}" if following else ""
    assert (len(seen), set(seen)) == (120, wanted)


def test_the_file_opens_in_a_spreadsheet_and_runs_nothing_there(op: Visitor, log: Log) -> None:
    put(log, "sent", body_text='=HYPERLINK("https://evil.example.com")', error_detail="@SUM(1)")
    answer = op.client.get("/partner-messages/messages.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="messages-2026-11-23-2026-11-23.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert line["Text"] == '\'=HYPERLINK("https://evil.example.com")'
    assert line["Error"] == "'@SUM(1)"
    assert PHONE not in answer.text
    assert "•••••" in line["Number"]


def test_numbers_are_masked_for_who_may_only_look(op: Visitor, viewer: Visitor, log: Log) -> None:
    sent = put(log, "sent")
    call_a_person(log)
    assert PHONE in op.get(f"/messages/{sent}")
    assert f"tel:{PHONE}" in op.get("/people")
    for address in (f"/messages/{sent}", "/people", "/messages", f"/partners/{PARTNER_ID}"):
        assert PHONE not in viewer.get(address)


def test_what_somebody_typed_is_shown_and_not_run(op: Visitor, log: Log) -> None:
    sent = put(log, "failed", body_text="<script>alert(1)</script>", error_detail="<img src=x>")
    answer = op.client.get(f"/partner-messages/messages/{sent}").text
    assert "<script>alert" not in answer
    assert "<img" not in answer
    assert "&lt;script&gt;alert(1)" in answer


def test_a_message_shows_its_ladder_its_error_and_what_an_earlier_one_has_told(op: Visitor, log: Log) -> None:
    at = TICK.astimezone(dt.UTC)
    first = put(log, "read", claimed_at=at, sent_at=at, delivered_at=at, read_at=at)
    second = put(log, "skipped", skip_reason="duplicate", duplicate_of=first)
    html = op.get(f"/messages/{first}")
    assert [name in html for name in ("accepted by Meta", "delivered", "read")] == [True] * 3
    assert html.count("<time>Mon 23 Nov, 10:00</time>") == 4
    assert f"/messages/{first}" in op.get(f"/messages/{second}")
    assert "There is no message" in op.get(f"/messages/{NOBODY}", 400)


# When something is in the way


def test_a_page_that_takes_too_long_says_so(
    op: Visitor, log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PATIENCE", "50ms")
    with log.transaction():
        log.execute("LOCK TABLE message_log IN ACCESS EXCLUSIVE MODE")
        assert "This took too long" in op.get("/messages", 503)
    assert "No message answers to this." in op.get("/messages")


def test_halting_asks_for_no_statistics_and_no_settings(op: Visitor, deployment: Deployment, log: Log) -> None:
    deployment.set(no_such_setting=1)
    with log.transaction():
        log.execute("LOCK TABLE message_log, stuck_run, message_run, tick IN ACCESS EXCLUSIVE MODE")
        html = op.post("/sending", do="halt", why="wrong texts")
        assert "All sending is halted" in html
        assert "op of ours" in html
    halted = acts.standing_halt(log)
    assert halted is not None
    assert (halted.who, halted.why) == ("op of ours", "wrong texts")
    assert "no_such_setting" in op.get("/", 400)
    assert "no_such_setting" in op.get("/sending")
    del deployment.settings["no_such_setting"]
    deployment.set(halt=True)
    assert "the setting halt is true: sending stays halted" in op.post("/sending", do="go_on", why="corrected")
    assert acts.standing_halt(log) is None


def test_a_wrong_setting_leaves_the_past_to_be_read_and_says_where_it_is_corrected(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    sent = put(log, "sent", "R1")
    call_a_person(log)
    deployment.set(holidays=["IN"], max_reminders="many")
    for page in (
        "/messages",
        f"/messages/{sent}",
        f"/partners/{PARTNER_ID}",
        "/runs/R1",
        "/people",
        "/partners",
        "/templates",
        "/sending",
    ):
        html = op.get(page)
        assert '"max_reminders"' in html, page
        assert "Admin, Variables, partner_messages" in html
    assert f"tel:{PHONE}" in op.get("/people")
    assert op.client.get("/partner-messages/messages.csv").status_code == 200
    for page in ("/", "/before", "/what-if", "/effect"):
        assert "Admin, Variables, partner_messages" in op.get(page, 400), page


# Acts


def test_a_form_says_what_pressing_it_does_and_does_not_say_it_as_if_it_were_so(op: Visitor, log: Log) -> None:
    for page in ("/sending", "/before", f"/partners/{RAJESH}"):
        shown = re.sub(r"\s*If you press this, [^<]*", "", op.get(page))
        assert not re.search(r"is claimed any more|(is|are) sent to them before|may leave with", shown), page
    acts.halt(log, who="Asha", why="wrong texts", now=TICK)
    assert "If you press this, what waits is sent" in op.get("/sending")


def test_an_act_without_a_reason_is_refused_in_words(op: Visitor, log: Log) -> None:
    assert "Write why." in op.post("/sending", do="halt", status=400)
    assert acts.standing_halt(log) is None


def test_what_is_not_known_is_settled_once(op: Visitor, log: Log) -> None:
    unknown = put(log, "unknown", claimed_at=TICK)
    done = op.post(f"/messages/{unknown}", outcome="did_not_arrive", why="asked them")
    assert "may be reminded again today" in done
    assert (row(log, unknown)["status"], row(log, unknown)["settled_by"]) == ("failed", "op of ours")
    refused = op.post(f"/messages/{unknown}", opened="/sending", outcome="arrived", why="no", status=400)
    assert "only one that is unknown" in refused
    assert "asked them" in op.get(f"/messages/{unknown}")


def test_a_partner_is_opted_out_and_back(op: Visitor, deployment: Deployment, log: Log) -> None:
    put(log, "sent", partner_id=RAJESH)
    page = f"/partners/{RAJESH}"
    assert "is not written to any more" in op.post(page, do="told_us", why="on the phone")
    assert "The partner has opted out" in op.get(page)
    deployment.now += dt.timedelta(minutes=1)
    assert "taken back" in op.post(page, do="undo", why="another partner was meant")
    assert "has opted out" not in op.get(page)
    said = log.execute("SELECT act, who FROM audit ORDER BY id").fetchall()
    assert [(one["act"], one["who"]) for one in said] == [
        ("opt_out", "op of ours"),
        ("undo_opt_out", "op of ours"),
    ]


def test_a_promise_is_entered_for_a_run_that_is_stuck(op: Visitor, log: Log) -> None:
    go_through(log)
    found = log.execute("SELECT production_run_id FROM stuck_run WHERE partner_id IS NOT NULL").fetchone()
    assert found is not None
    page = f"/runs/{found['production_run_id']}"
    assert "Reminded on Tue 24 Nov 2026, Wed 25 Nov 2026" in op.get(page)
    assert "Nobody is reminded" in op.post(page, until="2026-11-26", why="on the phone")
    assert "moves by Thu 26 Nov 2026" in op.get(page)
    assert "Reminded on Fri 27 Nov 2026, Mon 30 Nov 2026" in op.get(page)
    assert "has gone by" in op.post(page, until="2026-11-02", why="on the phone", status=400)


# What needs a person


def test_the_work_list_has_cries_for_help_first_and_then_the_oldest(op: Visitor, log: Log) -> None:
    reasons = [("no_phone", 3), ("broken_promise", 1), ("maybe_opt_out", 1), ("no_reaction", 20), ("asked_for_help", 1)]
    ids = [call_a_person(log, reason, f"R{days}{reason}", days=days) for reason, days in reasons]
    shown = re.findall(r'<li id="([0-9a-f-]{36})"', op.get("/people"))
    assert shown == [str(ids[place]) for place in (4, 2, 1, 3, 0)]
    assert "5 items" in op.get("/people")


def test_what_was_taken_on_and_not_touched_comes_back(op: Visitor, deployment: Deployment, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    assert "It is yours." in op.post(address, opened="/people", do="assign")
    assert "op of ours has it." in op.get("/people")
    deployment.now += dt.timedelta(days=1)
    assert "op of ours has it." in op.get("/people")
    assert "Noted." in op.post(address, opened="/people", do="note", why="will ring on Thursday")
    deployment.now += dt.timedelta(days=1)
    html = op.get("/people")
    assert "op of ours has it." in html
    assert "will ring on Thursday" in html
    deployment.now += dt.timedelta(days=1)
    assert "back: op of ours had it and did nothing for two sending days" in op.get("/people")


def test_what_is_put_off_is_out_of_the_way_until_its_day(op: Visitor, deployment: Deployment, log: Log) -> None:
    address = f"/people/{call_a_person(log)}"
    refused = op.post(address, opened="/people", do="put_off", why="fair", until="2026-11-23", status=400)
    assert "a later one than today" in refused
    assert "comes back by itself" in op.post(address, opened="/people", do="put_off", why="fair", until="2026-11-26")
    assert "0 items" in op.get("/people")
    deployment.now += dt.timedelta(days=3)
    assert "1 item" in op.get("/people")


def test_an_item_is_closed_once_and_a_doubt_about_stop_is_decided(op: Visitor, log: Log) -> None:
    address, doubt = f"/people/{call_a_person(log)}", f"/people/{call_a_person(log, 'maybe_opt_out', 'R2')}"
    assert "Write why" in op.post(address, opened="/people", do="close", status=400)
    assert "Closed." in op.post(address, opened="/people", do="close", why="they begin tomorrow")
    again = op.post(address, opened="/people", do="close", why="me too", status=400)
    assert "op of ours has closed it already: they begin tomorrow" in again
    assert "Decide whether" in op.post(doubt, opened="/people", do="close", why="no", status=400)
    (one,) = log.execute("SELECT who, why FROM audit WHERE act = 'close_escalation'").fetchall()
    assert (one["who"], one["why"]) == ("op of ours", "they begin tomorrow")


def test_the_templates_are_shown_by_account(op: Visitor, log: Log) -> None:
    assert "Nothing has been read from Meta yet" in op.get("/templates")
    log.execute(
        "INSERT INTO template_account (waba_id, tried_at, listed_at) VALUES ('W1', now(), now()), ('W2', now(), NULL)"
    )
    log.execute(
        "INSERT INTO template_approval (waba_id, name, language, status, reason, seen_at)"
        " VALUES ('W1', 'reminder_v1', 'hi', 'REJECTED', 'INCORRECT_CATEGORY', now())"
    )
    html = op.get("/templates")
    assert html.count("<section>") == 2
    assert "rejected" in html
    assert "INCORRECT_CATEGORY" in html
    assert "Last read never" in html


def test_a_partner_whose_name_is_blank_is_called_by_the_id(op: Visitor, log: Log) -> None:
    blank = partner_id("NAMEGAP")
    put(log, "sent", partner_id=blank)
    assert f">{blank}</a>" in op.get("/messages")


def test_a_day_with_a_live_tick_is_shown_by_that_whatever_the_setting_says_now(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    go_through(log)
    deployment.set(delivery="dry_run")
    assert "<strong>live</strong>" in op.get("/")
    assert "<strong>dry run</strong>" in op.get("/?day=2026-11-20")


def test_a_filter_that_little_answers_to_looks_back_some_days_at_once_and_offers_more(op: Visitor, log: Log) -> None:
    for days in (0, 70, 130):
        put(log, "failed", f"R{days}", day=DAY - dt.timedelta(days=days), error_code=987654, error_detail=f"{days} ago")
    page = op.get("/messages?since=2025-12-01&until=2026-11-23&status=failed")
    said = []
    for _ in range(9):
        said += re.findall(r"(\d+) ago", page)
        onwards = re.search(r'id="older" rel="next" href="(\?[^"]+)"', page)
        if not onwards:
            break
        assert "Look further back" in page
        assert "since Fri 25 Sep 2026" in page or len(said) > 1 or "Nothing answers" in page
        page = op.get("/messages" + onwards.group(1))
    assert said == ["0", "70", "130"]
    assert "Look further back" not in page
    assert "130 ago" in op.get(f"/messages?since=2025-12-01&until=2026-11-23&partner={PARTNER_ID}")


def test_a_day_says_what_it_has_cost_by_what_meta_bills_and_the_price_list(
    op: Visitor, deployment: Deployment, log: Log
) -> None:
    of_meta = {"meta_message_id": "wamid.1", "sent_at": TICK, "pricing_at": TICK, "pricing_type": "regular"}
    put(log, "delivered", "R1", **of_meta, pricing_category="utility", pricing_billable=True)
    put(
        log,
        "delivered",
        "R2",
        **{**of_meta, "meta_message_id": "2"},
        pricing_category="marketing",
        pricing_billable=True,
    )
    put(
        log,
        "delivered",
        "R3",
        **{**of_meta, "meta_message_id": "3"},
        pricing_category="utility",
        pricing_billable=False,
    )
    assert "What it cost: not known: the setting prices says nothing" in op.get("/")
    deployment.set(prices={"currency": "INR", "utility": {"default": 2.5, "IN": 0.115}})
    assert "What it cost: INR 0.12, and 1 message whose price is not known" in op.get("/")
