"""The receiver whose message log is away, locked, frozen, or has ended its session: Meta repeats what was not kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.webhook import app as webhook_app
from partner_messages.webhook.app import Receiver
from sandbox.graph_api.accounts import SANDBOX_APP_SECRET as SECRET
from sandbox.processes import pauses
from support.frozen import frozen_at_will
from support.receiving import receiving
from support.webhooks import of_statuses, signed, status_item

BODY = of_statuses(status_item())


def test_a_message_log_that_is_away_lets_meta_repeat(deployment, log):
    deployment.connect("message_log_db", {**deployment.connection("message_log_db"), "port": 1})
    with receiving() as hook:
        assert hook.post(BODY, signed(BODY, SECRET)) == 503


def test_the_waits_for_it_follow_one_another_within_five_seconds():
    one_after_the_other = [
        webhook_app.RETRY_WITHIN_SECONDS,
        webhook_app.STATEMENT_SECONDS,
        webhook_app.HUNG_SECONDS,
        webhook_app.STORE_SECONDS,
    ]
    assert one_after_the_other == sorted(one_after_the_other)
    assert webhook_app.STORE_SECONDS <= 5


def posts_at_once(hook, number=12):
    """The statuses of more POSTs than the receiver has sessions."""
    with ThreadPoolExecutor(number) as pool:
        return [*pool.map(lambda _: hook.post(BODY, signed(BODY, SECRET)), range(number))]


@pytest.fixture
def impatient(monkeypatch):
    """Let the receiver wait less for the message log than it does, in the same order."""
    seconds = {"RETRY_WITHIN": 0.1, "STATEMENT": 0.3, "HUNG": 0.4, "STORE": 0.5}
    for name, value in seconds.items():
        monkeypatch.setattr(webhook_app, f"{name}_SECONDS", value)


def test_a_message_log_that_is_locked_lets_meta_repeat_and_nothing_waits_there_for_the_lock(deployment, log, impatient):
    with receiving(Receiver(applies=False)) as hook:
        with log.transaction():
            log.execute("LOCK TABLE webhook_event")
            assert posts_at_once(hook) == [503] * 12
            assert any(log.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount == 0 for _ in pauses(20))
        assert hook.post(BODY, signed(BODY, SECRET)) == 200


@pytest.mark.parametrize("opened", [True, False], ids=["with its sessions open", "before it has any"])
def test_a_server_that_says_nothing_lets_meta_repeat_and_the_next_one_is_asked(deployment, log, impatient, opened):
    place = (log.info.host, log.info.port)
    with frozen_at_will(place) as frozen:
        deployment.connect("message_log_db", {**deployment.connection("message_log_db"), "port": frozen.port})
        if not opened:
            frozen.freeze()
        with receiving(Receiver(applies=False)) as hook:
            assert not opened or set(posts_at_once(hook)) == {200}
            frozen.freeze()
            assert posts_at_once(hook) == [503] * 12

            deployment.connect("message_log_db", {**deployment.connection("message_log_db"), "port": place[1]})
            assert any(hook.post(BODY, signed(BODY, SECRET)) == 200 for _ in pauses(20))


def test_a_session_that_was_ended_costs_no_webhook(deployment, log):
    with receiving(Receiver(applies=False)) as hook:
        assert hook.post(BODY, signed(BODY, SECRET)) == 200
        log.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert hook.post(BODY, signed(BODY, SECRET)) == 200
    assert [event["times_received"] for event in log.execute("SELECT times_received FROM webhook_event")] == [2]
