"""What a weekday tick may meet: a dead token, a template that Meta refuses, too many messages, the day before."""

from __future__ import annotations

import datetime as dt

import pytest

from sandbox.shop.expectations import run_id
from support.deployment import TICK


def test_a_redirected_run_writes_to_the_one_phone_in_each_partners_language(run_tick, graph_api):
    tick = run_tick({"delivery": "redirect", "redirect_to": "+919812399999"})

    assert tick.state == "success"
    outbox = graph_api.outbox()
    assert {message["to"] for message in outbox} == {"+919812399999"}
    assert len(outbox) == 10
    assert {message["language"] for message in outbox} == {"en", "hi"}
    assert tick.by("skip_reason")["over_limit"] > 0


def test_a_live_run_after_a_dry_run_of_the_same_day_sends(run_tick, graph_api, few_runs):
    rehearsed = run_tick({"delivery": "dry_run"}).by("status")["rehearsed"]

    live = run_tick(logical_date=None)

    assert live.by("status")["sent"] == rehearsed == len(graph_api.outbox())


def test_a_backfill_of_three_weekdays_has_a_row_per_run_and_day_and_again_only_duplicates(
    run_tick, deployment, graph_api, shop
):
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [run_id("SENT10D")])
    deployment.now = TICK + dt.timedelta(days=1, hours=3)
    days = [TICK - dt.timedelta(days=back) for back in (4, 3, 0)]
    run = run_id("SENT10D")

    first = [run_tick(logical_date=day) for day in days]
    again = [run_tick(logical_date=day) for day in days]

    assert graph_api.requests()["total"] == 0
    assert [tick.ends[run] for tick in first] == ["rehearsed"] * 3
    assert [row["day"].isoformat() for tick in first for row in tick.rows if row["production_run_id"] == run] == [
        "2026-11-19",
        "2026-11-20",
        "2026-11-23",
    ]
    assert [tick.ends[run] for tick in again] == ["duplicate"] * 3
    assert not any(tick.by("status")["rehearsed"] for tick in again)


def test_a_dead_token_stops_its_sender_alone_and_a_later_run_sends_the_rest(
    run_tick, deployment, graph_api, few_runs, approvals_known
):
    token = deployment.connection("whatsapp_in")["password"]
    graph_api.kill_token(token)
    deployment.set_rate("in", 4)  # So that the first answer is there before the second request.

    broken = run_tick()

    assert broken.state == "failed"
    assert {row["sender"] for row in broken.rows if row["status"] == "queued"} == {"in"}
    assert {row["sender"] for row in broken.rows if row["status"] == "sent"} == {"au", "europe"}
    assert graph_api.requests(operation="send_message")["by_object_id"]["111000000000001"] == 4  # Each try once.

    graph_api.revive_token(token)
    repaired = run_tick(logical_date=None)

    assert repaired.state == "success"
    assert {row["sender"] for row in repaired.rows if row["status"] == "sent"} == {"in"}
    assert len(graph_api.outbox()) == len({message["biz_opaque_callback_data"] for message in graph_api.outbox()})


def test_a_recipient_that_is_not_on_whatsapp_leaves_the_run_green_and_in_peace_for_the_day(
    run_tick, graph_api, few_runs
):
    graph_api.mark_recipient("+61412345678", 131026)

    tick = run_tick()
    second = run_tick(logical_date=None)

    assert tick.state == second.state == "success"
    failed = [row for row in tick.rows if row["status"] == "failed"]
    assert {row["error_code"] for row in failed} == {131026}
    assert tick.returned["failed"] == len(failed) > 0
    assert {second.ends[row["production_run_id"]] for row in failed[:1]} == {"refused_today"}


def test_a_live_run_above_the_blast_radius_writes_and_sends_nothing_until_confirmed(
    run_tick, deployment, graph_api, few_runs
):
    deployment.set(confirm_above=3)

    refused = run_tick()
    confirmed = run_tick({"confirmed": True}, logical_date=None)

    assert (refused.state, refused.rows) == ("failed", [])
    assert confirmed.state == "success"
    assert len(graph_api.outbox()) == confirmed.by("status")["sent"] == 4


def test_a_template_that_is_not_approved_on_one_account_is_skipped_there_and_named(
    run_tick, graph_api, few_runs, caplog
):
    graph_api.change_template("211000000000002", "jyt_production_run_reminder_not_started_v1", status="PAUSED")

    tick = run_tick()

    assert tick.state == "failed"
    assert tick.ends[run_id("ACCEPTSENT")] == "no_approved_template"
    assert tick.by("status")["sent"] == 3
    assert "jyt_production_run_reminder_not_started_v1 in en on the account of au is not approved" in caplog.text


def test_a_language_that_is_not_approved_falls_back_to_english(run_tick, graph_api, few_runs):
    graph_api.change_template("211000000000001", "jyt_production_run_reminder_pending_v1", "hi", status="REJECTED")

    tick = run_tick()

    assert tick.state == "success"
    assert {row["language"] for row in tick.rows if row["production_run_id"] == run_id("SENT10D")} == {"en"}


@pytest.mark.usefixtures("a_task_each")
def test_a_template_refused_at_send_time_is_not_tried_again_and_the_next_run_knows(
    run_tick, shop, graph_api, approvals_known
):
    kept = [run_id(name) for name in ("SENT10D", "SENT25H", "HANDED26H")]
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [kept])
    graph_api.change_template("211000000000001", "jyt_production_run_reminder_pending_v1", "hi", status="PAUSED")

    refused = run_tick()
    asked = graph_api.requests()["by_operation"]["send_message"]
    later = run_tick(logical_date=None)

    assert (refused.state, asked) == ("failed", 1)
    assert [row["error_code"] for row in refused.rows] == [132015] * 3
    assert later.state == "success"
    assert {(row["status"], row["language"]) for row in later.rows} == {("sent", "en")}


def test_messages_that_cannot_leave_stay_queued_and_fail_the_run(
    run_tick, deployment, graph_api, few_runs, approvals_known
):
    for sender in ("in", "au", "europe"):
        connection = deployment.connection(f"whatsapp_{sender}")
        deployment.connect(f"whatsapp_{sender}", {**connection, "host": "http://127.0.0.1:9"})

    tick = run_tick()

    assert tick.state == "failed"
    assert set(tick.by("status")) == {"queued", "skipped"}
    assert graph_api.outbox() == []


def test_a_second_run_on_the_same_day_sends_nothing_and_names_the_first_message(run_tick, graph_api, few_runs):
    first = run_tick()
    sent = len(graph_api.outbox())

    second = run_tick(logical_date=None)

    assert second.state == "success"
    assert len(graph_api.outbox()) == sent
    duplicates = [row for row in second.rows if row["skip_reason"] == "duplicate"]
    assert {row["duplicate_of"] for row in duplicates} == {row["id"] for row in first.rows if row["status"] == "sent"}
    assert {row["meta_message_id"] for row in duplicates} == {None}


def test_more_messages_than_tasks_travel_in_chunks_of_one_sender(run_tick, deployment, graph_api, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "4")

    tick = run_tick()

    assert tick.state == "success"
    chunks = [task for task in tick.tasks if task.startswith("send_messages[")]
    assert len(chunks) <= 4
    assert tick.by("status")["sent"] == len(graph_api.outbox(type="template"))


def test_a_dry_run_does_everything_but_the_request(run_tick, graph_api, few_runs):
    tick = run_tick({"delivery": "dry_run"})

    assert tick.state == "success"
    assert graph_api.requests()["total"] == 0
    assert tick.by("status")["rehearsed"] == tick.returned["dispatched"] > 0
    assert all(row["body_text"] for row in tick.rows if row["status"] == "rehearsed")


def test_a_run_whose_row_holds_what_cannot_be_is_skipped_and_escalated_and_the_others_go_out(
    run_tick, graph_api, shop, log
):
    bad, parked, *good = (run_id(name) for name in ("START73H", "PARKED", "START80H", "SENT10D"))
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [[bad, parked, *good]])
    shop.execute("UPDATE production_runs SET started_at = '-infinity' WHERE id = %s", [bad])
    shop.execute("UPDATE production_runs SET id = '', created_at = 'infinity' WHERE id = %s", [parked])

    tick = run_tick()

    assert tick.state == "success"
    assert tick.ends == {bad: "bad_data", **dict.fromkeys(good, "sent")}
    assert len(graph_api.outbox()) == 2
    (skip,) = (row for row in tick.rows if row["skip_reason"])
    assert skip["variables"] == {"bad_column": "started_at"}
    counts = {name: tick.returned[name] for name in ("inspected", "found", "no_partner", "not_overdue", "dispatched")}
    assert counts == {"inspected": 3, "found": 3, "no_partner": 0, "not_overdue": 0, "dispatched": 2}
    escalated = log.execute("SELECT production_run_id, reason FROM escalation ORDER BY reason").fetchall()
    assert [(row["production_run_id"].partition("-")[0], row["reason"]) for row in escalated] == [
        (bad, "bad_data"),
        ("bad", "parked"),
    ]
