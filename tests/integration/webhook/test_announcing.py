"""Airflow is told of answers, by its own API, if the receiver has a way to it."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from partner_messages.config.schedule import ANSWERS_ASSET
from partner_messages.deployment.receiving import Receiving
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook.announcing import Announcer
from partner_messages.webhook.applier import Applier
from partner_messages.webhook.apply import apply_backlog
from partner_messages.webhook.heeding import heed_stops
from partner_messages.webhook.sessions import SessionPool
from partner_messages.webhook.store import store
from support.http_server import airflow_api
from support.inbound import ANSWERED, kept, reminded, replies
from support.webhook_work import apply_webhooks
from support.webhooks import NUMBER, WABA, envelope, messages_change, text_item
from whatsapp_provider.api.senders import ReceivingNumber


@pytest.fixture
def airflow():
    """An API server that has the asset, and lets its event be raised."""
    with airflow_api() as api:
        api.table["GET", "/api/v2/assets"] = [(200, {"assets": [{"id": 7, "uri": ANSWERS_ASSET}]})]
        api.table["POST", "/api/v2/assets/events"] = [(200, {"id": 1})]
        yield api


def connect(deployment, airflow, **more):
    host, _, port = airflow.url.rpartition(":")
    plain = {"conn_type": "http", "host": host, "port": int(port), "password": "secret"}
    deployment.connect("airflow_api", {**plain, **more})


def test_an_answer_raises_the_event_of_the_asset_with_a_user_s_token(deployment, airflow):
    connect(deployment, airflow, login="ops")
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert [(method, path) for method, path, *_ in airflow.asked] == [
        ("POST", "/auth/token"),
        ("GET", "/api/v2/assets"),
        ("POST", "/api/v2/assets/events"),
    ]
    assert airflow.asked[0][2] == {"username": "ops", "password": "secret"}
    assert airflow.asked[2][2:] == ({"asset_id": 7}, "Bearer a-token")


def test_a_token_alone_is_used_as_it_is(deployment, airflow):
    connect(deployment, airflow)
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert {authorization for *_, authorization in airflow.asked} == {"Bearer secret"}


def test_many_answers_are_one_event_and_none_is_none(deployment, airflow):
    connect(deployment, airflow)
    announcer = Announcer()

    assert not announcer.announce()
    for _ in range(3):
        announcer.answered()
        announcer.announce()
    assert [path for _, path, *_ in airflow.asked] == ["/api/v2/assets", "/api/v2/assets/events"]


def test_without_a_way_to_airflow_nobody_is_told_and_nothing_fails(deployment):
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/api/v2/assets", 200, {"assets": []}),
        ("GET", "/api/v2/assets", 401, {}),
        ("POST", "/api/v2/assets/events", 403, {}),
    ],
    ids=["no DAG listens", "not let in", "not allowed"],
)
def test_an_airflow_that_cannot_be_told_is_told_of_in_the_log_without_the_secret(
    deployment, airflow, caplog, method, path, status, said
):
    connect(deployment, airflow)
    airflow.table[method, path] = [(status, said)]
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()
    assert "Airflow was not told of answers" in caplog.text
    assert "secret" not in caplog.text


# A process that ends, and the next one


def applier():
    """A process's applier, whose clock stands half an hour after the tick."""
    receiving = Receiving((ReceivingNumber("in", NUMBER, WABA, (), None),))
    return Applier(SessionPool(open_message_log), lambda: receiving, lambda: ANSWERED)


def say(log, text, at=ANSWERED):
    """Let a partner's message be stored, as the receiver does."""
    item = text_item(f"wamid.{text}", text, at)
    store(log, envelope(messages_change(messages=[item])), ANSWERED)


def events(airflow):
    return [path for _, path, *_ in airflow.asked].count("/api/v2/assets/events")


def test_who_stops_tells_of_the_answers_that_are_due_and_does_not_wait_for_the_next_ten_seconds(
    deployment, log, airflow
):
    connect(deployment, airflow)
    reminded(log)
    process = applier()
    for number, text in enumerate(("STOP", "START"), start=1):
        say(log, text, at=ANSWERED - dt.timedelta(minutes=3 - number))
        process.apply_once()
        assert (len(replies(log)), events(airflow)) == (number, 1)

    process.start()
    process.stop()
    assert events(airflow) == 2


def test_what_a_process_that_was_killed_has_told_nobody_of_is_told_by_the_next(deployment, log, airflow):
    reminded(log)
    say(log, "STOP")
    applier().apply_once()  # Without a way to Airflow: nobody was told.
    assert len(replies(log)) == 1

    connect(deployment, airflow)
    applier().apply_once()
    assert events(airflow) == 1


@pytest.mark.parametrize("was_told", ["too long ago to be replied to", "never said"])
def test_a_process_that_finds_nothing_to_tell_of_tells_nothing(deployment, log, airflow, was_told):
    reminded(log)
    if was_told != "never said":
        say(log, "STOP")
        applier().apply_once()
        log.execute("UPDATE message_log SET created_at = created_at - interval '6 minutes'")
        log.execute("UPDATE answer SET recorded_at = recorded_at - interval '6 minutes'")

    connect(deployment, airflow)
    applier().apply_once()
    assert events(airflow) == 0


def test_answers_that_were_applied_before_an_error_are_told_of(deployment, log, airflow, monkeypatch):
    connect(deployment, airflow)
    reminded(log)
    say(log, "STOP")
    process = applier()

    def breaks_off(*arguments, **more):
        apply_backlog(*arguments, **more)
        raise psycopg.OperationalError("the connection was lost")

    with monkeypatch.context() as broken:
        broken.setattr("partner_messages.webhook.applier.apply_backlog", breaks_off)
        process.apply_once()
    process.apply_once()

    assert len(replies(log)) == 1
    assert events(airflow) == 1


@pytest.mark.parametrize(("text", "replied"), [("STOP", 1), ("please don't send", 0)])
def test_what_a_task_that_sends_has_applied_is_told_of_once_by_the_receiver(deployment, log, airflow, text, replied):
    connect(deployment, airflow)
    reminded(log)
    process = applier()
    process.apply_once()
    say(log, text)
    heed_stops(log, lambda: ANSWERED)
    assert (len(kept(log)), len(replies(log)), events(airflow)) == (1, replied, 0)

    for _ in range(2):
        process.apply_once()
    assert events(airflow) == 1


@pytest.mark.parametrize(("text", "told"), [("STOP", 1), ("Is my parcel on its way?", 0)])
def test_of_what_others_have_applied_a_stop_is_told_of_and_what_is_the_shop_s_is_not(
    deployment, log, airflow, text, told
):
    connect(deployment, airflow)
    process = applier()
    process.apply_once()
    say(log, text)  # From a phone to which nothing of ours went.
    apply_webhooks(log, now=ANSWERED)
    assert len(kept(log)) == 1

    for _ in range(2):
        process.apply_once()
    assert events(airflow) == told
