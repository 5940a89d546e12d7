"""In which order stored webhooks are taken and their items applied: STOP first, other words next, statuses last."""

from __future__ import annotations

import datetime as dt

from partner_messages.config.settings import parse_settings
from partner_messages.message_log.answers import listen_with
from partner_messages.webhook import apply, inbound
from partner_messages.webhook.apply import MAX_BATCH_BYTES, MAX_WEBHOOKS, take_pending
from partner_messages.webhook.store import store
from support.deployment import TICK
from support.log_rows import put
from support.webhook_work import apply_webhooks
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item

MINUTE = dt.timedelta(minutes=1)
LATER = TICK + dt.timedelta(hours=1)


def test_a_large_body_is_taken_alone_and_after_words(log):
    large = status_item("wamid.L", pad="x" * MAX_BATCH_BYTES)
    for body in (
        envelope(messages_change(messages=[text_item("wamid.1")], statuses=[large])),
        of_statuses(status_item("wamid.2")),
        envelope(messages_change(messages=[text_item("wamid.3")])),
        of_statuses(status_item("wamid.4")),
    ):
        store(log, body, LATER)
    passes = []
    while taken := take_pending(log):
        passes.append([event["id"] for event in taken])
        log.execute("UPDATE webhook_event SET applied_at = now() WHERE id = ANY (%s)", [passes[-1]])

    first = min(min(of) for of in passes)
    assert [[id_ - first for id_ in of] for of in passes] == [[2], [0], [1, 3]]


def test_words_are_taken_together_so_that_stop_comes_first_and_statuses_a_few_at_a_time(log):
    for number in range(3 * MAX_WEBHOOKS):
        store(log, of_statuses(status_item(f"wamid.{number}")), LATER)
        store(log, envelope(messages_change(messages=[text_item(f"wamid.in.{number}")])), LATER)

    first = take_pending(log)

    words = [b'"text"' in bytes(event["body"]) for event in first]
    assert words == [True] * 3 * MAX_WEBHOOKS + [False] * MAX_WEBHOOKS


def test_a_stop_is_taken_before_all_other_words_that_wait_however_many_they_are(log, monkeypatch):
    monkeypatch.setattr(apply, "MAX_WORDS", 3)
    listen_with(log, parse_settings({"stop_words": ["bas"]}), TICK)
    said = [*["hello"] * 5, "रोकें", "hello", "bas!", "please don't send", "hello", "STOP"]
    for number, text in enumerate(said):
        store(log, envelope(messages_change(messages=[text_item(f"wamid.in.{number}", text)])), LATER)
    large = envelope(messages_change(messages=[text_item("wamid.large", "hello", pad="x" * MAX_BATCH_BYTES)]))
    store(log, large, LATER)

    taken = []
    while some := take_pending(log):
        taken += [event["id"] for event in some]
        log.execute("UPDATE webhook_event SET applied_at = now() WHERE id = ANY (%s)", [[one["id"] for one in some]])

    first = min(taken)
    assert [id_ - first for id_ in taken] == [5, 7, 8, 10, 11, 0, 1, 2, 3, 4, 6, 9]


def test_in_one_webhook_a_word_of_the_settings_is_done_before_other_words(log, monkeypatch):
    apply_inbound, done = inbound.apply_inbound, []

    def noted(connection, message, *given):
        done.append(message.wamid)
        return apply_inbound(connection, message, *given)

    monkeypatch.setattr(inbound, "apply_inbound", noted)
    reminded = put(log, "delivered", meta_message_id="wamid.A", claimed_at=TICK, sent_at=TICK)
    listen_with(log, parse_settings({"stop_words": ["bas"]}), TICK)
    items = [text_item("wamid.1", "English", TICK), text_item("wamid.2", "bas", TICK + MINUTE)]

    apply_webhooks(log, envelope(messages_change(messages=items)), now=LATER)

    assert done == ["wamid.2", "wamid.1"]
    assert {one["message_id"] for one in log.execute("SELECT message_id FROM answer")} == {reminded}


def test_a_batch_is_applied_in_order_stop_then_words_then_updates_then_statuses(log, monkeypatch):
    done = []
    monkeypatch.setattr(apply.inbound, "apply_inbound", lambda _, message, *__: done.append(message.text))
    monkeypatch.setattr(apply.inbound, "apply_preference", lambda _, update, __: done.append(update.value))
    monkeypatch.setattr(apply.accounts, "apply_template_update", lambda _, update: done.append(update.event))
    monkeypatch.setattr(apply, "apply_statuses", lambda _, __, statuses, *___: done.append(len(statuses)))
    preference = {"category": "marketing_messages", "value": "stop", "wa_id": "919829012345"}
    preferences = {"user_preferences": [{**preference, "timestamp": int((TICK + 2 * MINUTE).timestamp())}]}
    template = {"message_template_name": "t", "message_template_language": "en", "event": "PAUSED"}

    apply_webhooks(
        log,
        of_statuses(status_item()),
        envelope({"field": "message_template_status_update", "value": template}, time=int(TICK.timestamp())),
        envelope(messages_change(messages=[text_item("wamid.1", "hello"), text_item("wamid.2", "STOP", LATER)])),
        envelope({**messages_change(**preferences), "field": "user_preferences"}),
        now=LATER,
    )

    assert done == ["stop", "STOP", "hello", "PAUSED", 1]
