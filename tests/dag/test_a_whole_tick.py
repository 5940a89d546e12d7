"""A whole tick of the real DAG over the sample shop, the real message log and the local Graph API."""

from __future__ import annotations

import datetime as dt
import itertools
import re

import pytest
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from partner_messages.config.plain_text import INDENT, wrapped
from partner_messages.ops import run_notes
from sandbox.connections import PORTAL, connections
from sandbox.shop.expectations import expectations, run_id
from support.deployment import TICK
from support.ticks import note_of, run_dag, xcoms_of
from whatsapp_provider.masking import mask_phone


def test_every_run_of_the_sample_shop_ends_as_expected_and_the_counts_add_up(run_tick, graph_api):
    tick = run_tick()

    assert tick.state == "success"
    everyone = expectations().values()
    expected = {
        run_id: "sent" if one.outcome == "send" else one.outcome
        for run_id, one in expectations().items()
        if one.is_found or one.kind == "no_partner"
    }
    assert tick.ends == expected
    assert len(graph_api.outbox(type="template")) == sum(end == "sent" for end in expected.values())

    counts = tick.returned
    assert note_of(tick.run_id).startswith(f"**LIVE**, 2026-11-23: {counts['dispatched']} sent, ")
    assert counts["inspected"] == sum(one.is_inspected for one in everyone)
    assert counts["found"] == sum(one.is_found for one in everyone)
    assert counts["inspected"] == counts["found"] + counts["no_partner"] + counts["not_overdue"]
    assert counts["found"] == counts["dispatched"] + sum(counts["skipped"].values()) - counts["no_partner"]

    # Whom we heard from today also gets the link; the others have a reason.
    (followed,) = [row for row in tick.followups if row["status"] == "sent"]
    (message,) = graph_api.outbox(type="text")
    assert message["to"] == followed["to_phone"]
    link = f"{PORTAL}/production-runs/{followed['production_run_id']}?wa_token="
    assert message["text"].startswith(f"{followed['body_text']}\n{link}")
    others = [row for row in tick.rows if row["status"] == "sent" and row["id"] != followed["parent_id"]]
    assert {row["not_followed"] for row in others} == {"outside_24h_window"}
    assert counts["followups"] == {"sent": 1, "outside_24h_window": len(others)}


def test_a_live_tick_holds_what_goes_to_italy_and_upkeep_sends_it_once(
    run_tick, dags, deployment, log, shop, graph_api
):
    italian, indian = run_id("START72H1S"), run_id("SENT10D")
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [[italian, indian]])
    deployment.set(partner_send_window=["08:00", "20:00"])

    tick = run_tick()

    assert (tick.state, tick.ends) == ("success", {italian: "queued", indian: "sent"})
    assert (tick.returned["dispatched"], tick.returned["held"], tick.returned["queued"]) == (1, 1, 0)

    deployment.now = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)  # 12:30 in India, 08:00 in Rome
    released = run_dag("message_log_upkeep", log, logical_date=None)

    assert (released.state, released.ends) == ("success", {italian: "sent"})
    assert run_dag("message_log_upkeep", log, logical_date=None).rows == []
    assert len(graph_api.outbox(type="template")) == 2


def test_the_shop_s_inbox_is_written_at_the_end_and_where_it_is_not_to_be_nothing_starts_for_it(
    run_tick, deployment, log_url, shop, shop_url, graph_api, few_runs
):
    made = connections(shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url, shop_inbox_url=shop_url)
    deployment.connect("shop_inbox_db", made["shop_inbox_db"])
    deployment.set(mirror_to_shop=True)

    tick = run_tick()

    sent = {row["meta_message_id"] for row in tick.rows if row["status"] == "sent"}
    there = shop.execute("SELECT wa_message_id FROM messaging_message WHERE wa_message_id = ANY (%s)", [[*sent]])
    assert {row["wa_message_id"] for row in there.fetchall()} == sent != set()
    assert tick.tasks["mirror_to_shop"] == "success"
    later = TICK + dt.timedelta(minutes=1)
    rehearsed = run_tick({"delivery": "dry_run"}, logical_date=later)
    with create_session() as session:
        mirroring = select(TaskInstance).filter_by(task_id="mirror_to_shop", run_id=rehearsed.run_id)
        (skipped,) = session.scalars(mirroring).all()
    assert (rehearsed.state, str(skipped.state), skipped.pid) == ("success", "skipped", None)


@pytest.mark.usefixtures("a_task_each")
def test_the_log_of_a_message_that_was_sent_shows_what_it_said(run_tick, caplog, few_runs):
    caplog.set_level("INFO", logger="partner_messages")

    tick = run_tick()

    said = [record.getMessage() for record in caplog.records]
    sent = [row for row in tick.rows if row["status"] == "sent"]
    assert sent
    for row in sent:
        first = row["body_text"].partition("\n")[0]
        assert said[said.index(_to(row)) + 1] == wrapped(first, INDENT)[0]


def test_a_day_with_nothing_to_send_ends_well(run_tick, shop, graph_api):
    shop.execute("DELETE FROM production_runs")

    tick = run_tick()

    assert tick.state == "success"
    assert graph_api.outbox() == []
    assert tick.returned["dispatched"] == 0


def test_no_log_line_and_no_xcom_shows_a_phone_or_a_token(run_tick, deployment, graph_api, caplog, dags, few_runs):
    caplog.set_level("DEBUG")
    graph_api.fail_next(131000, times=1)

    tick = run_tick()

    secrets = {deployment.connection(f"whatsapp_{sender}")["password"] for sender in ("in", "au", "europe")}
    phones = {message["to"].lstrip("+") for message in graph_api.outbox()}
    told = caplog.text + xcoms_of(tick.run_id)
    assert phones
    assert not [secret for secret in secrets | phones if secret in told]
    assert "wamid." not in re.sub(r"wamid\.…", "", told)


def test_the_notifier_of_the_setting_is_told_of_a_failed_run(run_tick, deployment, tmp_path, few_runs):
    told = tmp_path / "told"
    deployment.set(on_failure={"class": "support.notifier.WritesToAFile", "args": {"path": str(told)}})
    deployment.set(confirm_above=1)

    run_tick()

    assert told.read_text() == "production_run_reminders failed"


def test_a_misspelt_setting_is_told_through_the_last_notifier_that_was_right(run_tick, deployment, tmp_path, few_runs):
    told = tmp_path / "told"
    right = {"senders": deployment.settings["senders"]}
    right["on_failure"] = {"class": "support.notifier.WritesToAFile", "args": {"path": str(told)}}
    deployment.set(**right)
    run_tick()
    assert not told.exists()

    for misspelt in (
        {"on_failure": {"class": "support.notifier.WritesToAFiel", "args": {}}},
        {"on_failure": {"class": "support.notifier.WritesToAFile", "args": {"paht": "told"}}},
        {"sendrs": ["in"]},
    ):
        deployment.set(**right | misspelt)
        run_tick()

        assert told.read_text() == "production_run_reminders failed"
        told.unlink()


def test_a_failed_run_says_why_as_its_note_and_in_its_summary_and_names_no_task_that_waited_for_it(
    run_tick, deployment, caplog, few_runs
):
    deployment.set(send_window=["10:00"])

    tick = run_tick()

    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    (sentence,) = [line for line in said if line.startswith('Variable partner_messages: "send_window"')]
    assert f"preflight failed: {sentence}" in said
    assert note_of(tick.run_id) == f"**Nothing was sent**: {sentence}"
    assert "find_stuck_runs (3) failed" not in caplog.text


@pytest.mark.usefixtures("a_task_each")
def test_a_dry_run_shows_what_it_would_have_sent_and_says_of_itself_everywhere_that_it_is_one(
    run_tick, deployment, log, caplog, few_runs
):
    caplog.set_level("INFO", logger="partner_messages")
    deployment.set(delivery="dry_run")

    tick = run_tick()

    rehearsed = [row for row in tick.rows if row["status"] == "rehearsed"]
    said = [record.getMessage() for record in caplog.records]
    assert rehearsed
    for row in rehearsed:
        to, *after = said[said.index(_to(row)) :]
        assert row["to_phone"] not in to
        shown = "\n".join(itertools.takewhile(lambda line: line.startswith(INDENT), after))
        assert (
            shown.replace(f"\n{2 * INDENT}", " ").replace(f"\n{INDENT}", "\n").removeprefix(INDENT) == row["body_text"]
        )
    assert said.count("rehearsed 1, nothing sent") == len(rehearsed)
    assert note_of(tick.run_id).startswith("**DRY RUN: nothing was sent**, 2026-11-23")
    assert {label.partition(" · ")[0] for label in _labels(tick, "send_messages")} == {"dry run"}
    assert _labels(tick, "find_stuck_runs") == [
        f"{kind} · {number}" for kind, number in sorted(tick.returned["kinds"].items())
    ]


def test_what_a_person_has_noted_on_a_run_stays(run_tick, deployment, few_runs):
    deployment.set(send_window=["10:00"])
    run_id = run_tick().run_id
    with create_session() as session:
        run = session.query(DagRun).filter(DagRun.run_id == run_id).one()
        assert run.note
        run.dag_run_note = DagRunNote("It is being repaired.", user_id="ops")

    with create_session() as session:  # cleared, it ends once more
        run_notes.on_dag_run_failed(session.query(DagRun).filter(DagRun.run_id == run_id).one(), "")

    assert note_of(run_id) == "It is being repaired."


def _to(row):
    hidden = mask_phone(row["to_phone"])
    return f"To {hidden} in {row['language']} from {row['sender']} as {row['template_name']}:"


def _labels(tick, task_id):
    with create_session() as session:
        labels = session.query(TaskInstance.rendered_map_index).filter(
            TaskInstance.run_id == tick.run_id, TaskInstance.task_id == task_id
        )
        return sorted(label for (label,) in labels)


def test_an_escalation_is_told_named_and_closed_by_hand_through_the_real_dags(
    run_tick, deployment, shop, log, tmp_path
):
    parked = run_id("PARKED")
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [parked])
    told = tmp_path / "told"
    args = {"path": str(told), "text": "{{ escalations | length }}: {{ escalations[0].production_run_id }}"}
    deployment.set(on_escalation={"class": "support.notifier.WritesTheList", "args": args})

    tick = run_tick()

    assert (tick.state, tick.tasks["escalate"]) == ("success", "success")
    assert [one["production_run_id"] for one in tick.returned["escalations"]] == [parked]
    assert told.read_text() == f"1: {parked}\n---\n"

    conf = {"production_run_id": parked, "closed_by": "ops", "closed_why": "It is settled."}
    closing = run_dag("message_log_upkeep", log, conf, logical_date=None)
    assert (closing.state, closing.tasks["close_escalation"]) == ("success", "success")
    (row,) = log.execute("SELECT closed_by FROM escalation").fetchall()
    assert row["closed_by"] == "ops"


def test_a_cleared_run_is_told_again_only_if_its_day_came_to_something_else(run_tick, deployment, tmp_path, few_runs):
    args = {"path": str(tmp_path / "told"), "fails_while": "never", "text": "{{ summary_title }}"}
    deployment.set(on_summary={"class": "support.notifier.WritesTheList", "args": args})

    def told():
        return (tmp_path / "told").read_text().split("\n---\n")[:-1]

    run_tick()
    run_tick()
    assert len(told()) == 1
    deployment.set(thresholds={"assignment_pending": 1})
    run_tick()
    first, again = told()
    assert again.strip().startswith("CHANGED since it was told: Mon 23 Nov: ")
    assert not first.strip().startswith("CHANGED")
