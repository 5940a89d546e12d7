"""How webhooks come: again until they are taken, held, in any order, twice, in batches, or never."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from support.webhook_receiver import receiver, wamid_of

PARTNER = "+919812345678"


# Again and again until it is taken


def outcomes(webhook):
    return [attempt["outcome"] for attempt in webhook["attempts"]]


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 404, 500, 503])
def test_what_is_not_answered_with_200_comes_again_at_once_with_the_same_bytes(heard, india, ours, status):
    ours.answers = [status]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([status, 200], "DELIVERED")
    assert ours.bodies[0] == ours.bodies[1]


def test_a_receiver_that_stays_broken_is_asked_ever_more_seldom_for_seven_days(heard, india, ours):
    ours.answers = [500] * 100
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    tries = [len(webhook["attempts"])]
    for seconds in (14, 1, 59, 1, 299, 1):
        heard.shift_clock(seconds)
        tries.append(len(heard.sent_webhooks()[0]["attempts"]))
    assert tries == [2, 2, 3, 3, 4, 4, 5]
    for _ in range(8 * 24):
        heard.shift_clock(3_600)
        heard.sent_webhooks()
    (webhook,) = heard.sent_webhooks()
    times = [datetime.fromisoformat(attempt["at"]) for attempt in webhook["attempts"]]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)
    assert timedelta(days=6, hours=12) < times[-1] - times[0] < timedelta(days=7, hours=12)
    assert (webhook["state"], len(ours.bodies)) == ("FAILED", len(webhook["attempts"]))


def test_a_receiver_that_was_away_gets_it_when_it_is_back(heard, india, ours):
    ours.answers = [503] * 4
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    for _ in range(3):
        heard.shift_clock(300)
        (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([503, 503, 503, 503, 200], "DELIVERED")


def test_a_dead_receiver_is_tried_again_too(api, india):
    api.freeze_clock()
    with receiver() as dead:
        api.subscribe(dead.url)
    api.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = api.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == (["ConnectError", "ConnectError"], "RETRYING")


def test_a_slow_receiver_gets_the_same_once_more(heard, india, ours):
    """It has taken the first: delivery is at least once."""
    heard.set_webhooks(answer_seconds=0.2)
    ours.answers = [None]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert outcomes(webhook)[0] == "no answer within 0.2 s"
    assert len(ours.bodies) >= 2
    assert len(set(ours.bodies)) == 1


def test_the_tries_can_be_few(heard, india, ours):
    heard.set_webhooks(retry_delays=[])
    ours.answers = [500]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([500], "FAILED")


def test_everything_can_come_twice(heard, india, ours):
    heard.set_webhooks(times=2)
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    assert len(ours.bodies) == 2
    assert ours.bodies[0] == ours.bodies[1]


# Held, and let go in any order, twice, in batches


def words(ours):
    return [message["text"]["body"] for message in ours.messages()]


@pytest.mark.parametrize(
    ("sequence", "come"),
    [("as_it_was", ["0", "1", "2", "3", "4"]), ("reversed", ["4", "3", "2", "1", "0"])],
)
def test_held_webhooks_go_out_in_the_ordered_sequence(heard, india, ours, sequence, come):
    heard.pause_webhooks()
    for number in range(5):
        heard.answer(india.phone_number_id, PARTNER, str(number))
    assert (heard.sent_webhooks(), heard.held_webhooks()) == ([], 5)
    assert heard.release_webhooks(sequence) == 5
    heard.sent_webhooks()
    assert words(ours) == come
    heard.answer(india.phone_number_id, PARTNER, "after")
    heard.sent_webhooks()
    assert words(ours)[-1] == "after"


def test_a_shuffle_is_the_same_for_the_same_seed(heard, india, ours):
    for _ in range(2):
        heard.pause_webhooks()
        for number in range(8):
            heard.answer(india.phone_number_id, PARTNER, str(number))
        heard.release_webhooks("shuffled", seed=7, times=2)
        heard.sent_webhooks()
    assert words(ours)[:16] == words(ours)[16:]
    assert words(ours)[::2][:8] != [str(number) for number in range(8)]
    assert sorted(words(ours)[:16]) == sorted([str(number) for number in range(8)] * 2)


def test_a_batch_holds_a_thousand_updates_at_most(heard, india, send_template, ours):
    heard.pause_webhooks()
    australia = heard.accounts["AU"]
    wamid = wamid_of(send_template())
    for _ in range(1_002):
        heard.move_message(wamid, "read")
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.answer(australia.phone_number_id, PARTNER, "Hello")
    heard.webhook("account_update", australia.waba_id)
    heard.release_webhooks(batch=1_000)
    webhooks = heard.sent_webhooks()
    assert [webhook["items"] for webhook in webhooks] == [1_000, 5]
    first, second = ours.contents
    assert len(first["entry"][0]["changes"][0]["value"]["statuses"]) == 1_000
    shape = [(entry["id"], [change["field"] for change in entry["changes"]]) for entry in second["entry"]]
    assert shape == [
        (india.waba_id, ["messages", "messages"]),
        (australia.waba_id, ["messages", "account_update"]),
    ]
    with pytest.raises(ValueError, match="422"):
        heard.release_webhooks(batch=1_001)


def test_held_webhooks_can_be_lost_for_ever(heard, india, ours):
    heard.pause_webhooks()
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.forget_webhooks()
    heard.release_webhooks()
    assert heard.sent_webhooks() == []


def test_reset_silences_it(heard, india, send_template, ours):
    send_template()
    heard.reset()
    heard.shift_clock(60)
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    assert heard.sent_webhooks() == []
    assert ours.bodies == []
