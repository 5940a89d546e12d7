"""Storing on the event loop: no session is lost or stays in use, whoever leaves, ends or hangs."""

from __future__ import annotations

import asyncio
import gc
from unittest import mock

import psycopg
import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log import answers
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook import sessions
from partner_messages.webhook.app import MAX_SESSIONS, Receiver
from partner_messages.webhook.apply import MAX_WEBHOOKS, take_pending
from partner_messages.webhook.sessions import AsyncSessionPool
from partner_messages.webhook.store import store
from support.deployment import TICK
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item

NAME = "a receiver that is tested"


def body(number):
    """A webhook like no other."""
    return of_statuses(status_item(f"wamid.{number}"))


def open_sessions(log):
    """How many sessions the receiver has with the message log."""
    counted = "SELECT count(*) AS number FROM pg_stat_activity WHERE application_name = %s"
    return log.execute(counted, [NAME]).fetchone()["number"]


def stored(log):
    """How many webhooks are stored."""
    return log.execute("SELECT count(*) AS number FROM webhook_event").fetchone()["number"]


async def until(holds):
    """Let the event loop go on until something holds."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never held")


@pytest.fixture
def named(deployment):
    """Let the receiver's sessions be told from all others."""
    connection = deployment.connection("message_log_db")
    extra = {**(connection.get("extra") or {}), "application_name": NAME}
    deployment.connect("message_log_db", {**connection, "extra": extra})


def test_who_leaves_while_a_body_is_stored_costs_neither_the_body_nor_a_session(named, log):
    receiver = Receiver(applies=False)

    async def leave():
        with log.transaction():
            log.execute("LOCK TABLE webhook_event")
            asked = [asyncio.create_task(receiver.store_in_time(body(number))) for number in range(12)]
            await until(lambda: log.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount == MAX_SESSIONS)
            for one in asked:
                one.cancel()
            found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in found)
        await until(lambda: stored(log) == MAX_SESSIONS)
        await asyncio.gather(*[receiver.store_in_time(body(number)) for number in range(20, 20 + MAX_SESSIONS)])
        assert open_sessions(log) <= MAX_SESSIONS
        receiver.sessions.close()
        await until(lambda: open_sessions(log) == 0)

    asyncio.run(leave())
    assert stored(log) == 2 * MAX_SESSIONS


def test_a_session_that_cannot_be_used_on_the_loop_is_closed(named, log, monkeypatch):
    pool = AsyncSessionPool(open_message_log)
    monkeypatch.setattr(sessions, "as_async", mock.AsyncMock(side_effect=RuntimeError("no")))

    async def use():
        gc.disable()  # Which would close it some time.
        try:
            with pytest.raises(RuntimeError):
                async with pool.session():
                    pass
            await until(lambda: open_sessions(log) == 0)
        finally:
            gc.enable()

    asyncio.run(use())


def test_sessions_that_are_opened_beforehand_are_no_more_where_webhooks_come_at_once(named, log):
    pool = AsyncSessionPool(open_message_log)

    async def use():
        async with pool.session(), pool.session():
            await pool.open(3)
        assert open_sessions(log) == 3
        pool.close()
        await until(lambda: open_sessions(log) == 0)
        await pool.open(1)
        assert open_sessions(log) == 1
        pool.close()

    asyncio.run(use())


@pytest.mark.parametrize("words", [["halt karo"], []])
def test_a_stop_word_of_the_settings_is_marked_as_one_where_it_is_stored(named, log, words):
    answers.listen_with(log, parse_settings({"stop_words": words}), TICK)
    said = envelope(messages_change(messages=[text_item(body="Halt karo")]))

    async def store():
        receiver = Receiver(applies=False)
        await receiver.store_in_time(said)
        receiver.sessions.close()

    asyncio.run(store())
    found = log.execute("SELECT spoken, may_be_stop FROM webhook_event").fetchall()
    assert found == [{"spoken": True, "may_be_stop": bool(words)}]


def test_what_somebody_has_set_in_whatsapp_itself_is_taken_before_statuses(named, log):
    for number in range(MAX_WEBHOOKS):
        store(log, body(number), TICK)
    set_ = {"user_id": "IN.5", "category": "marketing_messages", "value": "stop", "timestamp": 0}
    store(log, envelope({**messages_change(user_preferences=[set_]), "field": "user_preferences"}), TICK)

    with log.transaction():
        taken = take_pending(log)

    assert b"user_preferences" in bytes(taken[0]["body"])


def test_a_session_that_was_used_and_is_idle_is_none_that_hangs(named, log):
    pool = AsyncSessionPool(open_message_log)

    async def use():
        for _ in range(2):
            async with pool.session() as connection:
                await connection.execute("SELECT")
            pool.end_hung(0)
        async with pool.session() as connection:
            pool.end_hung(0)
            with pytest.raises(psycopg.OperationalError):
                await connection.execute("SELECT")

    asyncio.run(use())
