"""What a monitoring system hears of upkeep and of a DAG run's end, over a real UDP socket."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.metrics import METRICS
from partner_messages.pages.words import MESSAGES
from support.dag_docs import PROJECT
from support.deployment import TICK, Deployment
from support.log_rows import Log, put
from support.readme import metrics_mapping
from support.statsd import statsd
from support.ticks import go_through, look_after

HOUR = dt.timedelta(hours=1)
OURS = "airflow.partner_messages."


def test_upkeep_tells_how_all_of_it_stands(deployment: Deployment, log: Log) -> None:
    now = deployment.now
    put(log, "sent", "R1", claimed_at=now, sent_at=now, meta_message_id="wamid.1")
    put(log, "failed", "R2", claimed_at=now, failed_at=now, sender="au.2", context_id="2")
    put(log, "skipped", "R3", skip_reason="no_phone", sender=None, context_id="3")
    put(log, "queued", "R4", created_at=now - 2 * HOUR, context_id="4", attempts=1, not_before=now - HOUR)
    put(log, "queued", "R5", created_at=now - 9 * HOUR, context_id="5", not_before=now + HOUR)
    put(log, "sent", "R6", delivery="dry_run", claimed_at=now, sent_at=now, meta_message_id="wamid.6", context_id="6")
    log.execute(
        "INSERT INTO escalation (id, delivery, production_run_id, kind, reason, since, dag_run_id, opened_at)"
        " VALUES (gen_random_uuid(), 'live', 'R1', 'idle', 'ignored', %(at)s, 'run', %(at)s)",
        {"at": now - 50 * HOUR},
    )
    log.execute(
        "INSERT INTO webhook_event (sha256, body, spoken, received_at) VALUES (repeat('0', 64), '{}', false, %s)",
        [now - HOUR / 2],
    )
    deployment.set(delivery="dry_run")  # So that upkeep leaves them alone.
    with statsd() as gauges:
        assert look_after().tasks["sweep"] == "success"

    found = {name.removeprefix(OURS): value for name, value in gauges.items() if name.startswith(OURS)}
    assert {name: value for name, value in found.items() if value} == {
        "messages.reminder.sent": 1,
        "messages.reminder.failed": 1,
        "messages.reminder.skipped": 1,
        "messages.reminder.queued": 2,
        "senders.in.sent": 1,
        "senders.in.queued": 2,
        "senders.au_2.failed": 1,
        "not_sent.no_phone": 1,
        "queue.age": 3600,
        "escalations.ignored.1_to_3_days": 1,
        "webhook.lag": 1800,
    }
    # A gauge keeps what it was last told: what there is none of is told, too.
    assert found["messages.digest.unknown"] == found["webhook.silence.in"] == found["senders.europe.read"] == 0
    assert {name.split(".")[1] for name in found if name.startswith("not_sent.")} == {*SkipReason}
    assert {name.split(".")[1] for name in found if name.startswith("messages.")} == {*MESSAGES}


def test_a_tick_tells_at_its_end_and_a_broken_socket_is_nobody_s_trouble(
    deployment: Deployment, log: Log, few_runs: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with statsd() as gauges:
        assert go_through(log).state == "success"
    assert gauges[f"{OURS}messages.reminder.sent"] == 4

    def is_broken(*_: object, **__: object) -> None:
        raise OSError("no such host")

    with statsd() as gauges:
        monkeypatch.setattr("partner_messages.ops.metrics.stats.gauge", is_broken)
        assert go_through(log, logical_date=TICK + HOUR).state == "success"
    assert not [name for name in gauges if name.startswith(OURS)]


def test_nothing_is_counted_where_airflow_sends_no_metrics(
    deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partner_messages.ops.metrics.measured", lambda *_: pytest.fail("it was counted"))
    assert look_after().tasks["sweep"] == "success"


def test_the_alerts_of_the_docs_ask_for_metrics_and_labels_that_there_are() -> None:
    page = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    alerts = page.partition("## Alerts")[2]
    mapped = re.findall(r'name: "(\w+)"(?:\n    labels: \{(.*)\})?', metrics_mapping())
    labels = {name: set(re.findall(r"(\w+):", said)) for name, said in mapped}

    assert len(labels) == len(METRICS)
    asked = re.findall(r"(partner_messages_\w+)(?:\{(.*?)\})?", alerts)
    assert len(asked) > 8
    for name, of in asked:
        assert set(re.findall(r"(\w+)[=!]", of)) <= labels[name]
    for reason in re.findall(r'reason="(\w+)"', alerts):
        assert reason in [*SkipReason]
