"""Meta's history of messages, which says the same as the webhooks do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.webhook_receiver import NOON, receiver, wamid_of

SECOND = int(NOON.timestamp())


@pytest.fixture
def history(graph, india):
    """Reads the Indian number's history."""

    def read(**query):
        answer = graph.get(f"/{india.phone_number_id}/message_history", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


@pytest.fixture
def read_message(api, send_template):
    """A message that was sent at noon, delivered a minute later and read after two."""
    api.freeze_clock()
    api.set_clock(NOON)
    wamid = wamid_of(send_template())
    for status in ("delivered", "read"):
        api.shift_clock(60)
        api.move_message(wamid, status)
    return wamid


def test_a_message_is_found_by_its_id_and_its_events_by_the_entrys(graph, history, read_message):
    (entry,) = history(message_id=read_message)["data"]
    assert set(entry) == {"id", "message_id"}
    assert entry["message_id"] == read_message
    edges = graph.get(f"/{entry['id']}/events").json()["data"]
    said = [(edge["node"]["delivery_status"], edge["node"]["occurrence_timestamp"]) for edge in edges]
    assert said == [("SENT", SECOND), ("DELIVERED", SECOND + 60), ("READ", SECOND + 120)]
    assert all(set(edge) == {"cursor", "node"} and edge["node"]["id"].isdigit() for edge in edges)


def test_the_events_can_come_with_the_message(history, read_message):
    (entry,) = history(message_id=read_message, fields="message_id,events{delivery_status,timestamp}")["data"]
    assert entry["events"]["data"][1] == {"delivery_status": "DELIVERED", "timestamp": SECOND + 60}
    (entry,) = history(fields="events")["data"]
    assert set(entry["events"]["data"][0]) == {"id", "delivery_status", "timestamp"}


def test_an_unknown_message_is_an_empty_list(history, read_message):
    assert history(message_id="wamid.nobody") == {"data": []}


def test_a_message_of_another_number_is_not_there(api, graph, read_message):
    australia = api.accounts["AU"]
    path = f"/{australia.phone_number_id}/message_history"
    assert graph.get(path).json()["error"]["error_subcode"] == 33
    token = {"authorization": f"Bearer {australia.token}"}
    assert graph.get(path, params={"message_id": read_message}, headers=token).json() == {"data": []}
    assert graph.get("/500000000000001/events", headers=token).json()["error"]["error_subcode"] == 33


def test_a_failure_is_an_error_with_its_reason(api, graph, history, send_template):
    api.move_message(wamid_of(send_template()), "failed", 131026)
    (entry,) = history(fields="id,events{delivery_status,error_description}")["data"]
    assert entry["events"]["data"][1] == {
        "delivery_status": "FAILED",
        "error_description": "Unable to deliver message.",
    }
    query = {"fields": "node{delivery_status,error_description}", "status_filter": "ERROR"}
    (edge,) = graph.get(f"/{entry['id']}/events", params=query).json()["data"]
    assert edge == {"node": {"delivery_status": "ERROR", "error_description": "Unable to deliver message."}}


def test_events_can_be_filtered(graph, history, read_message):
    entry = history()["data"][0]["id"]
    (edge,) = graph.get(f"/{entry}/events", params={"status_filter": "READ"}).json()["data"]
    assert edge["node"]["delivery_status"] == "READ"


def test_a_hundred_events_are_a_page_and_the_next_follows_by_its_cursor(api, graph, history, read_message):
    for number in range(120):
        api.move_message(read_message, "read", at=NOON + timedelta(seconds=number))
    path = f"/{history()['data'][0]['id']}/events"
    first = graph.get(path, params={"limit": 1_000}).json()
    assert len(first["data"]) == 100
    assert first["paging"]["cursors"]["after"] == first["data"][-1]["cursor"]
    second = graph.get(path, params={"limit": 100, "after": first["paging"]["cursors"]["after"]}).json()
    assert len(second["data"]) == 23
    assert "next" not in second["paging"]
    assert graph.get(first["paging"]["next"]).json()["data"] == second["data"]
    assert len(graph.get(path).json()["data"]) == 25


def test_messages_come_in_pages_too(history, send_template):
    for _ in range(3):
        send_template()
    first = history(limit=2)
    second = history(limit=2, after=first["paging"]["cursors"]["after"])
    ids = [entry["id"] for page in (first, second) for entry in page["data"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("{phone}/message_history", {"fields": "colour"}),
        ("{phone}/message_history", {"fields": "events{colour}"}),
        ("{phone}/message_history", {"fields": "events{"}),
        ("{phone}/message_history", {"limit": "many"}),
        ("{phone}/message_history", {"after": "ÿ"}),
        ("{entry}/events", {"status_filter": "HEARD"}),
        ("{entry}/events", {"fields": "node{colour}"}),
    ],
)
def test_a_senseless_question_is_refused(graph, india, history, read_message, path, query):
    entry = history()["data"][0]["id"]
    answer = graph.get("/" + path.format(phone=india.phone_number_id, entry=entry), params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_an_account_without_a_history_is_refused_both(api, graph, india, history, read_message):
    entry = history()["data"][0]["id"]
    api.have_history(there=False)
    for path in (f"/{india.phone_number_id}/message_history", f"/{entry}/events"):
        answer = graph.get(path)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["error_subcode"]) == (403, 200, 1_349_174)
    api.have_history(there=True)
    assert history()["data"]


def test_any_other_refusal_can_be_ordered(api, graph, india):
    api.fail_next(2500, operation="list_history", status=400)
    assert graph.get(f"/{india.phone_number_id}/message_history").json()["error"]["code"] == 2500


def test_it_says_where_each_event_was_told_and_how_that_went(api, india, history, send_template):
    api.freeze_clock()
    with receiver() as ours:
        ours.answers = [200, 500, 500]
        api.subscribe(ours.url)
        api.set_webhooks(retry_delays=[0])
        wamid = wamid_of(send_template())
        api.sent_webhooks()
        api.move_message(wamid, "delivered")
        api.sent_webhooks()
        (entry,) = history(fields="events{webhook_update_state,webhook_uri,application}")["data"]
        assert [event["webhook_update_state"] for event in entry["events"]["data"]] == ["DELIVERED", "FAILED"]
        assert {event["webhook_uri"] for event in entry["events"]["data"]} == {ours.url}
        assert entry["events"]["data"][0]["application"] == {"id": india.app_id}
