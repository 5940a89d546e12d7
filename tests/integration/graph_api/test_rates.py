"""Throughput of a number and pace of a pair, by a clock that stands still."""

from __future__ import annotations

import pytest

from sandbox.graph_api.limits import Limits, PairPace, SlidingWindow


def code(answer):
    return answer.json()["error"]["code"]


def partner(number):
    return f"+9198123{number:05d}"


def test_a_number_sends_eighty_a_second_unless_told_otherwise(api, send_template):
    api.freeze_clock()
    api.set_rate(Limits().messages_per_second)
    answers = [send_template(to=partner(number)) for number in range(82)]
    assert [answer.status_code for answer in answers] == [200] * 80 + [429] * 2
    assert code(answers[-1]) == 130429
    assert len(api.outbox()) == 80


def test_the_second_slides(api, send_template):
    api.freeze_clock()
    api.set_rate(2)
    seen = []
    for number, seconds in enumerate([0, 0.6, 0.3, 0.2, 0.1, 0.5]):
        api.shift_clock(seconds)
        seen.append(send_template(to=partner(number)).status_code)
    assert seen == [200, 200, 429, 200, 429, 200], "at 0, 0.6, 0.9, 1.1, 1.2 and 1.7 seconds"


def test_each_number_has_its_own_throughput(api, graph, send_template):
    api.freeze_clock()
    api.set_rate(1)
    send_template()
    assert code(send_template(to=partner(1))) == 130429
    australia = api.accounts["AU"]
    template = {"name": "jyt_production_run_reminder_pending_v1", "language": {"code": "en"}, "components": []}
    answer = graph.post(
        f"/{australia.phone_number_id}/messages",
        json={"messaging_product": "whatsapp", "to": "+61412345678", "type": "template", "template": template},
        headers={"authorization": f"Bearer {australia.token}"},
    )
    assert code(answer) == 132000, "not throttled, so its parameters are looked at"


def test_a_refused_message_does_not_count(api, send_template):
    api.freeze_clock()
    api.set_rate(1)
    send_template("one parameter too few")
    assert send_template().status_code == 200


def test_one_recipient_gets_a_burst_of_45_and_then_one_every_six_seconds(api, send_template):
    api.freeze_clock()
    answers = [send_template() for _ in range(46)]
    assert [answer.status_code for answer in answers] == [200] * 45 + [400]
    assert code(answers[-1]) == 131056
    assert send_template(to=partner(1)).status_code == 200
    api.shift_clock(5.9)
    assert send_template().status_code == 400
    api.shift_clock(0.1)
    assert [send_template().status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(("waited", "room"), [(0, 25), (60, 35), (120, 45), (10_000, 45)])
def test_a_burst_of_twenty_is_paid_back_in_two_minutes(waited, room):
    pace, limits, pair = PairPace(), Limits(), ("sender", "recipient")
    for _ in range(20):
        pace.add(pair, limits, now=1_000.0)
    sent = 0
    while pace.has_room(pair, limits, now=1_000.0 + waited):
        pace.add(pair, limits, now=1_000.0 + waited)
        sent += 1
    assert sent == room


def test_a_window_says_when_it_has_room_again():
    window = SlidingWindow(seconds=3600)
    assert window.minutes_until_room("account", now=0.0) == 0
    window.add("account", now=0.0)
    assert not window.has_room("account", limit=1, now=3599.0)
    assert window.minutes_until_room("account", now=61.0) == 59
    assert window.has_room("account", limit=1, now=3600.0)
