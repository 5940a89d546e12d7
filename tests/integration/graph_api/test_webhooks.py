"""The webhooks themselves: their bytes, what they tell, and how often they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.graph_api.accounts import SANDBOX_APP_SECRET, Account
from sandbox.graph_api.server import LocalGraphApi
from sandbox.graph_api.webhook_body import encode, signature
from support.webhook_receiver import Receiver, receiver

Ask = Callable[..., httpx.Response]
PARTNER = "+919812345678"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
IDLE = "jyt_production_run_reminder_idle_v1"


@pytest.fixture
def ours() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def heard(api: LocalGraphApi, ours: Receiver) -> LocalGraphApi:
    """Somebody listens, it is noon and stays so, and a message goes its way a second at a time."""
    api.freeze_clock()
    api.set_clock(NOON)
    api.subscribe(ours.url)
    api.set_webhooks(status_delays={"sent": 1, "delivered": 2, "read": 3})
    return api


def sent(answer: httpx.Response) -> str:
    name: str = answer.json()["messages"][0]["id"]
    return name


def told(ours: Receiver) -> list[str]:
    return [status["status"] for status in ours.statuses()]


def test_the_body_has_metas_escapes_and_the_signature_is_over_its_bytes(
    heard: LocalGraphApi, india: Account, ours: Receiver
) -> None:
    text = "कल तक 👍 50% <b> a@b.in https://x.in/y"
    heard.answer(india.phone_number_id, PARTNER, text)
    (webhook,) = heard.sent_webhooks()
    (body,) = ours.bodies
    assert body.decode() == webhook["body"]
    assert rb"\u0915\u0932 \u0924\u0915 \ud83d\udc4d 50\u0025 \u003cb> a\u0040b.in https:\/\/x.in\/y" in body
    assert ours.messages()[0]["text"]["body"] == text, "read, it is the same"
    assert ours.signed_with(SANDBOX_APP_SECRET) == [True]
    assert ours.headers[0]["content-type"] == "application/json"
    read_and_written = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert signature(SANDBOX_APP_SECRET, read_and_written) != webhook["signature"], "so raw bytes have to be looked at"


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=4))
def test_whatever_is_escaped_is_read_back_the_same(content: dict[str, str]) -> None:
    body = encode(content)
    assert body.isascii()
    assert not set(b"<%@") & set(body)
    assert json.loads(body) == content


def test_a_message_is_sent_delivered_and_read_when_its_time_has_come(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    wamid = sent(send_template(biz_opaque_callback_data="row-1"))
    heard.sent_webhooks()
    assert told(ours) == []
    for status in ("sent", "delivered", "read"):
        heard.shift_clock(1)
        heard.sent_webhooks()
        assert told(ours)[-1] == status
        assert heard.outbox()[0]["status"] == status
    assert {one["id"] for one in ours.statuses()} == {wamid}
    assert {one["biz_opaque_callback_data"] for one in ours.statuses()} == {"row-1"}
    times = [int(one["timestamp"]) - int(NOON.timestamp()) for one in ours.statuses()]
    assert times == [1, 2, 3]


def test_a_status_tells_whom_it_reached_and_what_it_costs(
    heard: LocalGraphApi, india: Account, send_template: Ask, ours: Receiver
) -> None:
    heard.set_webhooks(leave_out=[])
    send_template()
    heard.shift_clock(1)
    heard.sent_webhooks()
    (value,) = ours.values()
    user_id = value["contacts"][0]["user_id"]
    assert user_id.startswith("IN.")
    assert value["contacts"] == [{"wa_id": "919812345678", "user_id": user_id}], "without a profile"
    assert value["metadata"] == {
        "display_phone_number": india.display_phone_number[1:],
        "phone_number_id": india.phone_number_id,
    }
    (status,) = value["statuses"]
    assert (status["recipient_id"], status["recipient_user_id"]) == ("919812345678", user_id)
    assert status["pricing"] == {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    assert status["conversation"]["origin"] == {"type": "utility"}
    assert status["conversation"]["expiration_timestamp"].isdigit()
    (entry,) = ours.contents[0]["entry"]
    assert (ours.contents[0]["object"], entry["id"]) == ("whatsapp_business_account", india.waba_id)


@pytest.mark.parametrize(
    ("moves", "priced"),
    [
        (["sent", "delivered", "read"], [True, True, False]),
        (["sent", "read", "delivered"], [True, True, False]),
        (["sent", "failed"], [True, False]),
    ],
)
def test_the_price_comes_with_sent_and_with_the_first_sign_of_arrival(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver, moves: list[str], priced: list[bool]
) -> None:
    wamid = sent(send_template())
    for status in moves:
        heard.move_message(wamid, status)
        heard.sent_webhooks()
    assert ["pricing" in one for one in ours.statuses()] == priced


def test_a_free_form_message_is_priced_as_service(
    heard: LocalGraphApi, india: Account, send: Ask, ours: Receiver
) -> None:
    heard.open_window(india.phone_number_id, PARTNER)
    send(type="text", text={"body": "Hi"})
    heard.shift_clock(1)
    heard.sent_webhooks()
    assert ours.statuses()[0]["pricing"]["category"] == "service"


@pytest.mark.parametrize(
    "name", ["contacts", "recipient_id", "recipient_user_id", "pricing", "biz_opaque_callback_data"]
)
def test_what_meta_may_leave_out_can_be_left_out(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver, name: str
) -> None:
    for leave_out in ([], [name]):
        heard.set_webhooks(leave_out=leave_out)
        wamid = sent(send_template(biz_opaque_callback_data="row-1"))
        heard.move_message(wamid, "sent")
    heard.sent_webhooks()
    there = [name in value or name in value["statuses"][0] for value in ours.values()]
    assert there == [True, False]


def test_the_type_of_a_price_can_be_left_out_and_no_other_type(
    heard: LocalGraphApi, india: Account, send_template: Ask, ours: Receiver
) -> None:
    heard.set_webhooks(leave_out=["type", "profile"])
    heard.move_message(sent(send_template()), "sent")
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    assert "type" not in ours.statuses()[0]["pricing"]
    assert ours.messages()[0]["type"] == "text"
    assert "profile" not in ours.values()[1]["contacts"][0]


def test_what_meta_never_leaves_out_cannot_be_left_out(heard: LocalGraphApi) -> None:
    for name in ("id", "status", "timestamp", "colour"):
        with pytest.raises(ValueError, match="422"):
            heard.set_webhooks(leave_out=[name])


@pytest.mark.parametrize(
    ("code", "title"),
    [(131049, "This message was not delivered to maintain healthy"), (131026, "Message undeliverable")],
)
def test_a_failure_says_why_and_not_whom_it_did_not_reach(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver, code: int, title: str
) -> None:
    heard.move_message(sent(send_template()), "failed", code)
    heard.sent_webhooks()
    (value,) = ours.values()
    (status,) = value["statuses"]
    (error,) = status["errors"]
    assert (status["status"], error["code"]) == ("failed", code)
    assert error["title"].startswith(title)
    assert set(error) == {"code", "title", "message", "error_data", "href"}
    assert "contacts" not in value
    assert "recipient_user_id" not in status
    assert status["recipient_id"] == "919812345678"


def test_what_fails_late_is_told_as_failed_alone(heard: LocalGraphApi, send: Ask, ours: Receiver) -> None:
    """Outside the 24 hours Meta takes a free-form message and lets it fail."""
    assert send(type="text", text={"body": "Hi"}).status_code == 200
    heard.shift_clock(10)
    heard.sent_webhooks()
    assert [(one["status"], one["errors"][0]["code"]) for one in ours.statuses()] == [("failed", 131047)]


def test_a_marked_recipients_message_fails_late_for_the_ordered_reason(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    heard.mark_recipient(PARTNER, 131050, late=True)
    send_template()
    heard.shift_clock(10)
    heard.sent_webhooks()
    assert ours.statuses()[0]["errors"][0]["code"] == 131050


def test_a_held_message_goes_nowhere_until_somebody_says_so(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    heard.hold_next("held_for_quality_assessment")
    wamid = sent(send_template())
    heard.shift_clock(3_600)
    heard.sent_webhooks()
    assert told(ours) == []
    heard.move_message(wamid, "failed", 132015)
    heard.sent_webhooks()
    assert told(ours) == ["failed"]


def test_statuses_come_in_any_order_and_with_any_time_to_order(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    wamid = sent(send_template())
    for status, minutes in (("read", 3), ("failed", 2), ("sent", 1), ("played", 4), ("read", 3)):
        heard.move_message(wamid, status, at=NOON + timedelta(minutes=minutes))
        heard.sent_webhooks()
    assert told(ours) == ["read", "failed", "sent", "played", "read"]
    assert [int(one["timestamp"]) - int(NOON.timestamp()) for one in ours.statuses()] == [180, 120, 60, 240, 180]


def test_a_status_that_does_not_happen_by_itself_never_does(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    heard.set_webhooks(status_delays={"sent": 0, "delivered": None, "read": None})
    send_template()
    heard.shift_clock(86_400)
    heard.sent_webhooks()
    assert told(ours) == ["sent"]


def test_where_nobody_listens_a_message_is_sent_and_stays_so(api: LocalGraphApi, send_template: Ask) -> None:
    send_template()
    api.shift_clock(86_400)
    assert api.sent_webhooks() == []
    assert api.outbox()[0]["status"] == "sent"


def test_where_somebody_listens_it_is_quick(api: LocalGraphApi, send_template: Ask, ours: Receiver) -> None:
    api.freeze_clock()
    api.subscribe(ours.url)
    send_template()
    api.shift_clock(60)
    api.sent_webhooks()
    assert sorted(told(ours)) == ["delivered", "read", "sent"]


def test_a_webhook_can_come_before_the_answer_to_the_request(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    heard.hang_next(taken=True)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(send_template, biz_opaque_callback_data="row-1")
        heard.wait_for_hanging()
        heard.shift_clock(1)
        heard.sent_webhooks()
        assert [one["biz_opaque_callback_data"] for one in ours.statuses()] == ["row-1"]
        assert not answer.done()
        heard.release()
        assert sent(answer.result()) == ours.statuses()[0]["id"]


def test_a_webhook_comes_for_a_message_whose_answer_was_lost(
    heard: LocalGraphApi, send_template: Ask, ours: Receiver
) -> None:
    heard.drop_next(taken=True)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        send_template(biz_opaque_callback_data="row-1")
    heard.shift_clock(1)
    heard.sent_webhooks()
    assert [one["biz_opaque_callback_data"] for one in ours.statuses()] == ["row-1"]


def test_a_message_that_was_refused_has_no_status(heard: LocalGraphApi, send_template: Ask, ours: Receiver) -> None:
    send_template(name="no_such_template")
    heard.shift_clock(60)
    assert heard.sent_webhooks() == []


# Again and again until it is taken


def outcomes(webhook: dict[str, Any]) -> list[int | str]:
    return [attempt["outcome"] for attempt in webhook["attempts"]]


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 404, 500, 503])
def test_what_is_not_answered_with_200_comes_again_at_once_with_the_same_bytes(
    heard: LocalGraphApi, india: Account, ours: Receiver, status: int
) -> None:
    ours.answers = [status]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([status, 200], "DELIVERED")
    assert ours.bodies[0] == ours.bodies[1]


def test_a_receiver_that_stays_broken_is_asked_ever_more_seldom_for_seven_days(
    heard: LocalGraphApi, india: Account, ours: Receiver
) -> None:
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


def test_a_receiver_that_was_away_gets_it_when_it_is_back(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    ours.answers = [503] * 4
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    for _ in range(3):
        heard.shift_clock(300)
        (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([503, 503, 503, 503, 200], "DELIVERED")


def test_a_dead_receiver_is_tried_again_too(api: LocalGraphApi, india: Account) -> None:
    api.freeze_clock()
    with receiver() as dead:
        api.subscribe(dead.url)
    api.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = api.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == (["ConnectError", "ConnectError"], "RETRYING")


def test_a_slow_receiver_gets_the_same_once_more(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    """It has taken the first: delivery is at least once."""
    heard.set_webhooks(answer_seconds=0.2)
    ours.answers = [None]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert outcomes(webhook)[0] == "no answer within 0.2 s"
    assert len(ours.bodies) >= 2
    assert len(set(ours.bodies)) == 1


def test_the_tries_can_be_few(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    heard.set_webhooks(retry_delays=[])
    ours.answers = [500]
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    (webhook,) = heard.sent_webhooks()
    assert (outcomes(webhook), webhook["state"]) == ([500], "FAILED")


def test_everything_can_come_twice(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    heard.set_webhooks(times=2)
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.sent_webhooks()
    assert len(ours.bodies) == 2
    assert ours.bodies[0] == ours.bodies[1]


# Held, and let go in any order, twice, in batches


def words(ours: Receiver) -> list[str]:
    return [message["text"]["body"] for message in ours.messages()]


@pytest.mark.parametrize(
    ("sequence", "come"),
    [("as_it_was", ["0", "1", "2", "3", "4"]), ("reversed", ["4", "3", "2", "1", "0"])],
)
def test_held_webhooks_go_out_in_the_ordered_sequence(
    heard: LocalGraphApi, india: Account, ours: Receiver, sequence: str, come: list[str]
) -> None:
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


def test_a_shuffle_is_the_same_for_the_same_seed(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    for _ in range(2):
        heard.pause_webhooks()
        for number in range(8):
            heard.answer(india.phone_number_id, PARTNER, str(number))
        heard.release_webhooks("shuffled", seed=7, times=2)
        heard.sent_webhooks()
    assert words(ours)[:16] == words(ours)[16:]
    assert words(ours)[::2][:8] != [str(number) for number in range(8)]
    assert sorted(words(ours)[:16]) == sorted([str(number) for number in range(8)] * 2)


def test_a_batch_holds_a_thousand_updates_at_most(
    heard: LocalGraphApi, india: Account, send_template: Ask, ours: Receiver
) -> None:
    heard.pause_webhooks()
    australia = heard.accounts["AU"]
    wamid = sent(send_template())
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


def test_held_webhooks_can_be_lost_for_ever(heard: LocalGraphApi, india: Account, ours: Receiver) -> None:
    heard.pause_webhooks()
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    heard.forget_webhooks()
    heard.release_webhooks()
    assert heard.sent_webhooks() == []


def test_reset_silences_it(heard: LocalGraphApi, india: Account, send_template: Ask, ours: Receiver) -> None:
    send_template()
    heard.reset()
    heard.shift_clock(60)
    heard.answer(india.phone_number_id, PARTNER, "Hello")
    assert heard.sent_webhooks() == []
    assert ours.bodies == []


# What is told of templates, accounts and numbers


def test_a_review_is_told_when_it_ends(heard: LocalGraphApi, create: Ask, ours: Receiver) -> None:
    created = create().json()
    heard.review_next("REJECTED", reason="PROMOTIONAL", language="hi")
    create(language="hi")
    heard.sent_webhooks()
    approved, rejected = ours.values("message_template_status_update")
    assert approved == {
        "event": "APPROVED",
        "message_template_id": int(created["id"]),
        "message_template_name": "order_ready",
        "message_template_language": "en",
        "reason": "NONE",
        "message_template_category": "UTILITY",
    }
    assert (rejected["event"], rejected["reason"]) == ("REJECTED", "PROMOTIONAL")
    assert ours.contents[0]["entry"][0]["time"] == int(NOON.timestamp())


def test_a_rejection_for_its_format_says_what_to_do(heard: LocalGraphApi, create: Ask, ours: Receiver) -> None:
    create("Hello {{1}}{{2}}, your order of many pieces is ready now.", "a", "b")
    heard.sent_webhooks()
    (value,) = ours.values("message_template_status_update")
    assert set(value["rejection_info"]) == {"reason", "recommendation"}


@pytest.mark.parametrize(
    ("change", "field", "part"),
    [
        ({"status": "PAUSED"}, "message_template_status_update", {"event": "PAUSED", "reason": "NONE"}),
        ({"status": "DISABLED"}, "message_template_status_update", {"event": "DISABLED"}),
        ({"status": "APPROVED", "event": "FLAGGED"}, "message_template_status_update", {"event": "FLAGGED"}),
        ({"status": "APPROVED", "event": "REINSTATED"}, "message_template_status_update", {"event": "REINSTATED"}),
        ({"quality": "YELLOW"}, "message_template_quality_update", {"previous_quality_score": "UNKNOWN"}),
        ({"quality": "RED"}, "message_template_quality_update", {"new_quality_score": "RED"}),
        (
            {"category": "MARKETING"},
            "template_category_update",
            {"previous_category": "UTILITY", "new_category": "MARKETING"},
        ),
        (
            {"correct_category": "MARKETING"},
            "template_category_update",
            {"new_category": "UTILITY", "correct_category": "MARKETING"},
        ),
    ],
)
def test_what_meta_does_to_a_template_is_told(
    heard: LocalGraphApi, india: Account, ours: Receiver, change: dict[str, str], field: str, part: dict[str, str]
) -> None:
    heard.change_template(india.waba_id, IDLE, **change)
    heard.sent_webhooks()
    values = ours.values(field)
    assert {value["message_template_language"] for value in values} == {"en", "hi"}
    assert all(part.items() <= value.items() for value in values)


def test_a_pause_and_its_end_are_told_with_their_titles(
    heard: LocalGraphApi, india: Account, graph: httpx.Client, ours: Receiver
) -> None:
    heard.change_template(india.waba_id, IDLE, "en", status="PAUSED")
    heard.sent_webhooks()
    template_id = ours.values("message_template_status_update")[0]["message_template_id"]
    graph.post(f"/{template_id}/unpause")
    heard.sent_webhooks()
    said = [(value["event"], value["other_info"]["title"]) for value in ours.values("message_template_status_update")]
    assert said == [("PAUSED", "FIRST_PAUSE"), ("APPROVED", "UNPAUSE")]


def test_an_announced_category_comes_a_day_later(
    heard: LocalGraphApi, india: Account, graph: httpx.Client, ours: Receiver
) -> None:
    heard.change_template(india.waba_id, IDLE, "en", correct_category="MARKETING")
    query = {"fields": "category,correct_category", "name": IDLE, "language": "en"}
    (read,) = graph.get(f"/{india.waba_id}/message_templates", params=query).json()["data"]
    assert (read["category"], read["correct_category"]) == ("UTILITY", "MARKETING")
    heard.shift_clock(86_400)
    heard.sent_webhooks()
    announced, *_, changed = ours.values("template_category_update")
    assert announced["category_update_timestamp"] == int(NOON.timestamp()) + 86_400
    assert (changed["previous_category"], changed["new_category"]) == ("UTILITY", "MARKETING")
    (read,) = graph.get(f"/{india.waba_id}/message_templates", params=query).json()["data"]
    assert (read["category"], read.get("correct_category")) == ("MARKETING", None)


def test_an_edit_is_told_with_the_new_text_and_then_its_review(
    heard: LocalGraphApi, create: Ask, graph: httpx.Client, ours: Receiver
) -> None:
    template_id = create().json()["id"]
    heard.sent_webhooks()
    reply = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Need help"}]}
    components = [{"type": "BODY", "text": "Your order is on its way."}, reply]
    graph.post(f"/{template_id}", json={"components": components})
    heard.sent_webhooks()
    (value,) = ours.values("message_template_components_update")
    assert value["message_template_element"] == "Your order is on its way."
    assert value["message_template_buttons"] == [
        {"message_template_button_type": "QUICK_REPLY", "message_template_button_text": "Need help"}
    ]
    assert [one["event"] for one in ours.values("message_template_status_update")] == ["APPROVED", "APPROVED"]


def test_a_language_with_a_country_is_told_with_a_hyphen(heard: LocalGraphApi, create: Ask, ours: Receiver) -> None:
    create(language="en_US")
    heard.sent_webhooks()
    assert ours.values("message_template_status_update")[0]["message_template_language"] == "en-US"


def test_a_deletion_is_told(
    heard: LocalGraphApi, india: Account, create: Ask, graph: httpx.Client, ours: Receiver
) -> None:
    create()
    graph.delete(f"/{india.waba_id}/message_templates", params={"name": "order_ready"})
    heard.sent_webhooks()
    assert sorted(one["event"] for one in ours.values("message_template_status_update")) == [
        "APPROVED",
        "PENDING_DELETION",
    ]


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("account_update", None, {"event": "ACCOUNT_RESTRICTION"}),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "1 December 2026"}},
            {"event": "DISABLED_UPDATE", "phone_number": "911140000001"},
        ),
        ("account_alerts", None, {"entity_type": "PHONE_NUMBER"}),
        ("phone_number_quality_update", {"event": "UNFLAGGED"}, {"event": "UNFLAGGED"}),
        (
            "business_capability_update",
            {"max_daily_conversations_per_business": 250},
            {"max_phone_numbers_per_business": 2},
        ),
    ],
)
def test_what_happens_to_an_account_is_told_to_order(
    heard: LocalGraphApi,
    india: Account,
    ours: Receiver,
    field: str,
    value: dict[str, Any] | None,
    part: dict[str, Any],
) -> None:
    heard.webhook(field, india.waba_id, value)
    heard.sent_webhooks()
    (got,) = ours.values(field)
    assert {**part, **(value or {})}.items() <= got.items()


@pytest.mark.parametrize("value", ["stop", "resume"])
def test_a_partners_preference_is_told(heard: LocalGraphApi, india: Account, ours: Receiver, value: str) -> None:
    heard.prefer(india.phone_number_id, PARTNER, value)
    heard.sent_webhooks()
    (told_value,) = ours.values("user_preferences")
    (preference,) = told_value["user_preferences"]
    assert (preference["wa_id"], preference["category"], preference["value"]) == (
        PARTNER[1:],
        "marketing_messages",
        value,
    )
    assert preference["timestamp"] == int(NOON.timestamp()), "a number here, a text everywhere else"
