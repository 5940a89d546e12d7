"""Preflight: every way a run can start, and one sentence for everything that is wrong."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.message_log.preferences import note_preference
from partner_messages.webhook.account_news import note_account_events_told, untold_account_events
from partner_messages.webhook.store import store
from support.dag_tasks import REMINDERS
from support.deployment import TICK, airflow_run
from support.webhook_work import apply_webhooks
from support.webhooks import envelope, messages_change, text_item

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


def context(
    run_type: str = "manual", logical_date: dt.datetime | None = TICK, run_after: dt.datetime = TICK, **params: Any
) -> dict[str, Any]:
    dag_run = airflow_run(
        f"{run_type}__{logical_date}",
        run_type=SimpleNamespace(value=run_type),
        logical_date=logical_date,
        run_after=run_after,
    )
    return {"dag_run": dag_run, "params": params}


@pytest.mark.parametrize(
    ("started", "day", "delivery"),
    [
        (context("scheduled"), "2026-11-23", "live"),
        (context("manual"), "2026-11-23", "live"),  # from the UI, with a date
        (context("manual", logical_date=None), "2026-11-23", "live"),  # REST and command line
        (context("asset_triggered", logical_date=None), "2026-11-23", "live"),
        (context("backfill", TICK - 3 * DAY, TICK - 3 * DAY), "2026-11-20", "dry_run"),
        (context("manual", TICK - DAY), "2026-11-22", "dry_run"),  # an edited date
        (context("manual", TICK + DAY), "2026-11-24", "dry_run"),
        (context("manual", delivery="dry_run"), "2026-11-23", "dry_run"),
        (context("manual", delivery="redirect", redirect_to="+919812399999"), "2026-11-23", "redirect"),
    ],
)
def test_each_way_to_start_a_run_gets_its_day_and_delivery(deployment, log, started, day, delivery):
    tick = REMINDERS.preflight(started)

    assert (tick["day"], tick["delivery"]) == (day, delivery)
    (noted,) = log.execute("SELECT day, delivery, now FROM tick").fetchall()
    assert (noted["day"].isoformat(), noted["delivery"]) == (day, delivery)
    assert noted["now"] == (started["dag_run"].logical_date or started["dag_run"].run_after)


@pytest.mark.parametrize("said_from", ["+5212221234567", "+522221234567"])
def test_nothing_is_redirected_to_a_phone_that_has_opted_out(deployment, log, said_from):
    redirected = context("manual", delivery="redirect", redirect_to="+522221234567")
    said = {"phone": said_from, "partner_id": None}
    note_preference(log, "opted_out", "stop", at=TICK - MINUTE, **said)

    with pytest.raises(AirflowFailException, match="has opted out"):
        REMINDERS.preflight(redirected)

    note_preference(log, "opted_out", "start", at=TICK, **said)
    assert REMINDERS.preflight(redirected)["delivery"] == "redirect"


def test_nothing_is_redirected_to_a_phone_whose_stop_no_receiver_has_applied(deployment, log):
    stop = text_item("wamid.stop", "STOP", TICK, **{"from": "919812399999"})
    store(log, envelope(messages_change(messages=[stop])), TICK)

    with pytest.raises(AirflowFailException, match="has opted out"):
        REMINDERS.preflight(context("manual", delivery="redirect", redirect_to="+919812399999"))


def test_a_tick_of_the_weekend_before_is_skipped_when_the_dag_is_unpaused_on_monday(deployment):
    deployment.now = TICK - 60 * MINUTE

    with pytest.raises(AirflowSkipException, match="2026-11-20 10:00 IST was missed"):
        REMINDERS.preflight(context("scheduled", TICK - 3 * DAY, TICK - 3 * DAY))


def test_todays_tick_that_comes_too_late_asks_to_be_triggered_by_hand(deployment):
    deployment.now = TICK + 31 * MINUTE

    with pytest.raises(AirflowFailException, match="trigger the DAG by hand"):
        REMINDERS.preflight(context("scheduled"))


@pytest.mark.parametrize("delivery", ["live", "redirect"])
def test_another_day_is_never_sent_for(deployment, delivery):
    with pytest.raises(AirflowFailException, match="today is 2026-11-23"):
        REMINDERS.preflight(context("backfill", TICK - DAY, delivery=delivery, redirect_to="+919812399999"))


def test_a_test_system_says_loudly_that_any_time_is_allowed(deployment, caplog):
    deployment.set(allow_any_time=True)

    tick = REMINDERS.preflight(context("manual", TICK - DAY, delivery="live"))

    assert tick["delivery"] == "live"
    assert "TEST SYSTEM" in caplog.text


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"senders": []}, '"senders" is empty'),
        ({"senders": ["in", "us"]}, "no connection whatsapp_us"),
        ({"treshold": 1}, '"treshold" is not a setting'),
        ({"thresholds": {"idle": -1}}, '"thresholds.idle"'),
        ({"tables": {"production_runs": "production_run"}}, 'no table "production_run"'),
    ],
)
def test_a_wrong_setting_is_named(deployment, settings, sentence):
    deployment.set(**settings)

    with pytest.raises(AirflowFailException, match=sentence):
        REMINDERS.preflight(context())


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ('{"halt": true, "senders": ["in"], "halt": false}', '"halt" stands twice in one object'),
        ('{"partners": {"P1": {"never": true}, "P1": {}}}', '"P1" stands twice in one object'),
        ('{"stop_after": NaN}', "is not JSON: NaN is no number"),
        ('{"thresholds": {"idle": -Infinity}}', "is not JSON: -Infinity is no number"),
        ('{"stop_after": ' + "9" * 5_000 + "}", "is not JSON that anybody has written"),
        ("[" * 100_000, "is not JSON that anybody has written"),
        ('{"halt": true', "is not JSON: "),
    ],
)
def test_a_variable_that_two_programs_would_read_in_two_ways_is_refused(deployment, monkeypatch, variable, sentence):
    monkeypatch.setenv("AIRFLOW_VAR_PARTNER_MESSAGES", variable)

    with pytest.raises(AirflowFailException, match=f"Variable partner_messages.*{sentence}"):
        REMINDERS.preflight(context())


def test_an_incomplete_sender_is_named_with_its_key(deployment):
    connection = deployment.connection("whatsapp_au")
    del connection["extra"]["phone_number_id"]
    deployment.connect("whatsapp_au", connection)

    with pytest.raises(AirflowFailException, match='whatsapp_au: extra "phone_number_id" is missing'):
        REMINDERS.preflight(context())


def test_a_sender_s_host_speaks_tls_unless_the_environment_lists_it(deployment, monkeypatch):
    deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "host": "http://demo-graph-api:8090"})

    with pytest.raises(AirflowFailException, match="whatsapp_in: the host must be the Graph API's https URL"):
        REMINDERS.preflight(context())

    monkeypatch.setenv("PARTNER_MESSAGES_TEST_HOSTS", "elsewhere, Demo-Graph-API")
    assert REMINDERS.preflight(context(delivery="dry_run"))


def test_a_sender_without_a_token_is_named(deployment):
    deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "password": ""})

    with pytest.raises(AirflowFailException, match="whatsapp_in: the password is missing"):
        REMINDERS.preflight(context())


def test_a_missing_column_of_the_shop_is_named(deployment, altered_shop):
    altered_shop.execute("ALTER TABLE production_runs DROP COLUMN dispatch_completed_at CASCADE")

    with pytest.raises(AirflowFailException, match='"production_runs" has no column "dispatch_completed_at"'):
        REMINDERS.preflight(context())


@pytest.mark.parametrize("setting", ["on_failure", "on_escalation"])
@pytest.mark.parametrize(
    "spec",
    [
        {"class": "airflow.providers.smtp.is_not_there.Notifier"},
        {"class": "support.notifier.WritesToAFile", "args": {"to": "x"}},
    ],
)
def test_a_notifier_that_cannot_be_made_is_named_before_anything_is_sent(deployment, setting, spec):
    deployment.set(**{setting: spec})

    with pytest.raises(AirflowFailException, match=f'"{setting}": {spec["class"]} cannot be made'):
        REMINDERS.preflight(context())


@pytest.mark.parametrize("conn_id", ["production_db", "message_log_db"])
def test_a_missing_database_connection_is_named(deployment, conn_id):
    deployment.disconnect(conn_id)

    with pytest.raises(AirflowFailException, match=conn_id):
        REMINDERS.preflight(context())


def test_a_redirect_needs_a_phone(deployment):
    with pytest.raises(AirflowFailException, match="redirect_to must be a phone"):
        REMINDERS.preflight(context(delivery="redirect"))


def test_pending_migrations_are_applied(deployment, postgres):
    url = postgres.create_database("fresh_log")
    parts = psycopg.conninfo.conninfo_to_dict(url)
    connection = deployment.connection("message_log_db")
    deployment.connect("message_log_db", {**connection, "schema": parts["dbname"]})

    REMINDERS.preflight(context())

    with psycopg.connect(url) as fresh:
        assert fresh.execute("SELECT count(*) FROM partner_messages.tick").fetchone() == (1,)


@pytest.fixture
def nothing_approved(graph_api):
    for account in graph_api.accounts.values():
        for name in {template["name"] for template in graph_api.templates(account.waba_id)}:
            graph_api.change_template(account.waba_id, name, status="PENDING")


def test_nothing_starts_while_no_template_is_approved_anywhere(deployment, nothing_approved, log):
    with pytest.raises(
        AirflowFailException, match=r"airflow dags test whatsapp_templates --conf '\{\"mode\": \"upsert\"\}'"
    ):
        REMINDERS.preflight(context())

    assert log.execute("SELECT * FROM tick").fetchall() == []


def test_a_shop_inbox_that_is_to_be_written_needs_its_connection(deployment):
    deployment.set(mirror_to_shop=True)

    with pytest.raises(AirflowFailException, match="There is no connection shop_inbox_db"):
        REMINDERS.preflight(context())
    assert REMINDERS.preflight(context(delivery="dry_run"))


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        (None, "There is no connection partner_portal"),
        ({"password": ""}, "partner_portal: the password is missing"),
        ({"password": "of-31-bytes-and-that-is-not-all"}, "partner_portal: the password, .* shorter than 32 bytes"),
    ],
)
def test_a_link_is_never_signed_with_a_secret_that_is_missing_or_short(deployment, portal, said):
    plain = deployment.connection("partner_portal")
    deployment.disconnect("partner_portal") if portal is None else deployment.connect(
        "partner_portal", {**plain, **portal}
    )

    with pytest.raises(AirflowFailException, match=said):
        REMINDERS.preflight(context())


def test_a_dry_run_asks_meta_nothing_and_starts_all_the_same(deployment, nothing_approved, graph_api):
    asked = graph_api.requests()["total"]

    assert REMINDERS.preflight(context(delivery="dry_run"))["delivery"] == "dry_run"
    assert graph_api.requests()["total"] == asked


def test_approvals_are_read_once_an_hour_an_account(deployment, graph_api):
    for minutes, listings in ((0, 3), (59, 3), (61, 6)):
        deployment.now = TICK + minutes * MINUTE
        REMINDERS.preflight(context())
        assert graph_api.requests(operation="list_templates")["total"] == listings


def test_what_was_approved_within_a_day_still_counts_where_an_account_cannot_be_read(deployment, graph_api, caplog):
    REMINDERS.preflight(context())
    graph_api.kill_token(deployment.connection("whatsapp_in")["password"])
    deployment.now = TICK + 4 * 60 * MINUTE
    REMINDERS.preflight(context())
    assert "Not sendable by in" not in caplog.text

    deployment.now = TICK + 25 * 60 * MINUTE
    REMINDERS.preflight(context("manual", TICK + DAY, TICK + DAY))
    assert "Not sendable by in" in caplog.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number_quality_update", {"event": "FLAGGED", "display_phone_number": "919829012345"}),
        ("business_capability_update", {"max_daily_conversations_per_business": 250}),
        ("account_alerts", {"alert_type": "SPEND", "alert_severity": "CRITICAL"}),
    ],
)
def test_a_tick_says_how_the_accounts_of_its_senders_stand_as_long_as_they_do(deployment, log, field, value):
    deployment.set(senders=["in"])
    apply_webhooks(log, envelope({"field": field, "value": value}), now=TICK)
    for id_ in untold_account_events(log):  # What upkeep has told once is not over by that.
        note_account_events_told(log, [id_], TICK)

    (said,) = REMINDERS.preflight(context())["warnings"]
    assert said.startswith("Meta says ")
    assert field in said
