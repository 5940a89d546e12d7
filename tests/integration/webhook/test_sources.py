"""Without a public address: statuses are looked up in the shop, or at Meta, and end in the same row."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from types import SimpleNamespace

import pytest
import requests

from partner_messages.config.settings import parse_settings
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.silences import listen_to, open_silences, see_silences
from partner_messages.ops.hearing import hear
from partner_messages.webhook import sources
from partner_messages.webhook.account_news import note_account_events_told, untold_account_events
from partner_messages.webhook.sources import look_up_statuses
from support.deployment import TICK
from support.examples import PHONE
from support.log_rows import put, row
from support.raw_http import raw_server
from support.webhook_receiver import wamid_of
from support.webhook_work import SENDER_IDS

SENT = TICK - dt.timedelta(hours=1)


def look_up(log, source, deployment, senders=("in",), *, now=TICK):
    deployment.set(status_source=source, senders=[*senders])
    return look_up_statuses(log, load_settings(), SENDER_IDS, now)


def refusals(log):
    """What operations are told of Meta's refusals, once."""
    said = untold_account_events(log)
    note_account_events_told(log, said, TICK)
    return list(said.values())


@pytest.fixture
def id_(log):
    return put(log, "sent", meta_message_id="wamid.A", sent_at=SENT)


def shop_says(shop, status, reason=None, wamid="wamid.A"):
    shop.execute(
        "INSERT INTO messaging_message (id, conversation_id, direction, content, wa_message_id, status, fail_reason)"
        " SELECT %s, id, 'outbound', 'x', %s, %s, %s FROM messaging_conversation ORDER BY id LIMIT 1",
        [f"X{wamid}", wamid, status, reason],
    )


def test_by_default_nothing_is_looked_up():
    assert parse_settings({}).status_source == "webhook"


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_what_the_shop_s_own_webhook_has_heard_counts(deployment, shop, log, id_, status):
    shop_says(shop, status)

    assert look_up(log, "shop", deployment) == []
    assert row(log, id_)["status"] == status
    assert row(log, id_)["delivered_at"] == TICK


def test_a_failure_in_the_shop_keeps_meta_s_code(deployment, shop, log, id_):
    shop_says(shop, "failed", "(131026) Message undeliverable")
    look_up(log, "shop", deployment)

    assert (row(log, id_)["status"], row(log, id_)["error_code"], row(log, id_)["holds_slot"]) == (
        "failed",
        131026,
        False,
    )


@pytest.mark.parametrize("status", ["sent", "pending", "queued"])
def test_what_is_no_news_changes_nothing(deployment, shop, log, id_, status):
    shop_says(shop, status)
    before = row(log, id_)
    look_up(log, "shop", deployment)

    assert row(log, id_) == before


def test_looking_again_changes_no_time(deployment, shop, log, id_):
    shop_says(shop, "delivered")
    look_up(log, "shop", deployment)
    before = row(log, id_)
    look_up_statuses(log, load_settings(), SENDER_IDS, TICK + dt.timedelta(minutes=15))

    assert row(log, id_) == before


def test_a_silence_ends_with_what_is_looked_up_and_none_begins(deployment, shop, log, id_):
    listen_to(log, ["in"], TICK)
    see_silences(log, TICK)
    assert open_silences(log).keys() == {"in"}
    deployment.set(status_source="shop", senders=["in"])
    shop_says(shop, "delivered")

    for minutes in (15, 30):
        hear(log, load_settings(), TICK + dt.timedelta(minutes=minutes))
        assert open_silences(log) == {}
        put(log, "sent", f"R{minutes}", meta_message_id=f"wamid.{minutes}", sent_at=TICK)


EVENTS = [
    {"cursor": "a", "node": {"id": "1", "delivery_status": "SENT", "occurrence_timestamp": int(SENT.timestamp())}},
    {"delivery_status": "READ", "timestamp": "2026-11-23T04:29:00+0000"},
    {"delivery_status": "DELETED", "timestamp": 1},
    {"delivery_status": "DELIVERED"},
    "x",
]


@pytest.fixture
def meta(deployment):
    """Meta's history endpoints, which answer what a test puts in."""
    answers = {
        "message_history": (200, {"data": [{"id": "77", "message_id": "wamid.A"}]}),
        "events": (200, {"data": EVENTS}),
    }

    def talk(server, client):
        while request := server.read_request(client):
            status, answer = answers["events" if b"/77/events" in request.split(b"\r\n")[0] else "message_history"]
            body = json.dumps(answer).encode()
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)

    with raw_server(talk) as server:
        deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "host": server.url})
        yield server, answers


def test_what_meta_keeps_counts_with_its_own_times(deployment, log, id_, meta):
    assert look_up(log, "meta", deployment) == []

    found = row(log, id_)
    assert (found["status"], found["read_at"]) == ("read", dt.datetime(2026, 11, 23, 4, 29, tzinfo=dt.UTC))
    assert found["sent_at_meta"] == SENT
    assert b"message_id=wamid.A" in meta[0].received[0]
    assert all(request.startswith(b"GET ") for request in meta[0].received)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_at_the_first_no_of_meta_s_nothing_more_is_asked_and_a_sentence_says_so(deployment, log, id_, meta, status):
    put(log, "sent", "R2", meta_message_id="wamid.B", sent_at=SENT)
    server, answers = meta
    answers["message_history"] = (status, {"error": {"message": "Unsupported get request", "code": 100}})

    assert look_up(log, "meta", deployment) == []

    (said,) = refusals(log)
    assert said.startswith(
        "Meta's message history cannot be asked, so set status_source to webhook or shop: whatsapp_in"
    )
    assert len(server.received) == 1
    assert row(log, id_)["status"] == "sent"


def test_after_a_no_of_meta_s_a_sender_is_asked_once_a_day_and_it_is_said_once_a_day(deployment, log, id_, meta):
    server, answers = meta
    yes, answers["message_history"] = answers["message_history"], (403, {"error": {"message": "No history here"}})
    hours = dt.timedelta(hours=1)

    for asked, at in ((1, 0), (1, 0.25), (1, 23.75), (2, 24), (2, 47.75)):
        assert look_up(log, "meta", deployment, now=TICK + at * hours) == []
        assert len(server.received) == asked, at
        assert len(refusals(log)) == (at in (0, 24)), at

    answers["message_history"] = yes
    look_up(log, "meta", deployment, now=TICK + 48 * hours)
    assert row(log, id_)["status"] == "read"
    assert refusals(log) == []


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (429, {}), (400, {"error": {"code": 4}}), (200, {"data": 3}), (200, []), (200, {"error": {"code": 1}})],
)
def test_what_is_unclear_is_asked_again_another_time(deployment, log, id_, meta, answer):
    meta[1]["message_history"] = answer

    assert look_up(log, "meta", deployment) == []
    assert row(log, id_)["status"] == "sent"


def test_where_meta_is_not_reached_what_to_look_at_is_said(deployment, log, id_, caplog):
    deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "host": "http://127.0.0.1:1"})

    assert look_up(log, "meta", deployment) == []
    assert "whatsapp_in: 127.0.0.1:1 was not reached: nothing answers there; look at the host" in caplog.text


@pytest.fixture
def taken(log, graph_api):
    """A message that the local Graph API has taken, and its row."""
    graph_api.freeze_clock()
    graph_api.set_clock(SENT)
    return take(log, graph_api, "IN")


def take(log, graph_api, account, *runs, **columns):
    number = graph_api.accounts[account]
    graph_api.open_window(number.phone_number_id, PHONE)
    message = {"messaging_product": "whatsapp", "to": PHONE, "type": "text", "text": {"body": "Namaste"}}
    answer = requests.post(
        f"{graph_api.url}/v25.0/{number.phone_number_id}/messages",
        json=message,
        headers={"Authorization": f"Bearer {number.token}"},
        timeout=30,
    )
    wamid = wamid_of(answer)
    return wamid, put(log, "sent", *runs, meta_message_id=wamid, sent_at=SENT, **columns)


def test_the_history_of_the_local_graph_api_is_read_to_its_end(deployment, log, graph_api, taken):
    wamid, id_ = taken
    times = [SENT + dt.timedelta(seconds=number) for number in range(1, 101)]
    for at in reversed(times):
        graph_api.move_message(wamid, "delivered", at=at)
    graph_api.move_message(wamid, "read", at=SENT + dt.timedelta(minutes=5))

    assert look_up(log, "meta", deployment) == []

    found = row(log, id_)
    assert (found["status"], found["sent_at_meta"], found["delivered_at_meta"]) == ("read", SENT, times[0])
    assert found["read_at_meta"] == SENT + dt.timedelta(minutes=5), "it stands on the second page"


def test_an_account_without_a_history_switches_it_off(deployment, log, graph_api, taken):
    _, id_ = taken
    graph_api.have_history(there=False)

    assert look_up(log, "meta", deployment) == []

    (said,) = refusals(log)
    assert "set status_source to webhook or shop" in said
    assert "HTTP 403" in said
    assert row(log, id_)["status"] == "sent"


def test_one_sender_s_refusal_keeps_nothing_of_the_others_back(deployment, log, id_, meta, graph_api):
    meta[1]["message_history"] = (403, {"error": {"message": "No history here", "code": 200}})
    graph_api.freeze_clock()
    graph_api.set_clock(SENT)
    wamid, of_another = take(log, graph_api, "AU", "R2", sender="au")
    graph_api.move_message(wamid, "read", at=SENT + dt.timedelta(minutes=5))

    assert look_up(log, "meta", deployment, senders=("in", "au")) == []

    (said,) = refusals(log)
    assert "whatsapp_in: HTTP 403" in said
    assert row(log, of_another)["status"] == "read"
    assert row(log, id_)["status"] == "sent"


def test_a_sender_of_many_messages_takes_no_other_s_turn(deployment, log, meta, graph_api, monkeypatch):
    # Each question takes a second by this clock, and there is time for half of them.
    monkeypatch.setattr(sources, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    monkeypatch.setattr(sources, "META_TIME_LIMIT_SECONDS", 6)
    meta[1]["message_history"] = (200, {"data": []})
    graph_api.freeze_clock()
    graph_api.set_clock(SENT)
    of_another = []
    for number in range(6):
        put(log, "sent", f"R{number}", meta_message_id=f"wamid.{number}", sent_at=SENT)
        wamid, id_ = take(log, graph_api, "AU", f"R{10 + number}", sender="au")
        graph_api.move_message(wamid, "read", at=SENT + dt.timedelta(minutes=5))
        of_another.append(id_)

    for run in range(3):
        look_up(log, "meta", deployment, senders=("in", "au"), now=TICK + dt.timedelta(minutes=15 * run))

    assert "read" in {row(log, id_)["status"] for id_ in of_another}


def test_what_the_history_says_of_another_message_does_not_count(deployment, log, id_, meta, caplog):
    meta[1]["message_history"] = (200, {"data": [{"id": "77", "message_id": "wamid.B"}]})

    assert look_up(log, "meta", deployment) == []

    assert row(log, id_)["status"] == "sent"
    assert "tells of another message" in caplog.text


def test_of_more_messages_than_one_run_looks_up_each_has_its_turn(deployment, shop, log, monkeypatch):
    monkeypatch.setattr(sources, "MAX_MESSAGES", 2)
    ids = [put(log, "sent", f"R{n}", meta_message_id=f"wamid.{n}", sent_at=SENT) for n in range(4)]
    for n in range(4):
        shop_says(shop, "delivered", wamid=f"wamid.{n}")

    for minute in range(2):
        look_up(log, "shop", deployment, now=TICK + dt.timedelta(minutes=15 * minute))

    assert {row(log, id_)["status"] for id_ in ids} == {"delivered"}


def test_what_nobody_has_told_of_is_asked_for_in_another_order_each_time(log, monkeypatch):
    monkeypatch.setattr(sources, "MAX_MESSAGES", 1)
    ids = {put(log, "sent", f"R{n}", meta_message_id=f"wamid.{n}", sent_at=SENT) for n in range(3)}
    put(log, "delivered", "R9", meta_message_id="wamid.9", sent_at=SENT)

    asked = [sources.on_their_way(log, TICK + dt.timedelta(minutes=15 * run))[0]["id"] for run in range(60)]

    assert set(asked) == ids
