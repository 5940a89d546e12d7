"""Everything that can be made to go wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import httpx
import pytest

from support.webhook_receiver import wamid_of


def code(answer):
    return answer.json().get("error", {}).get("code")


def test_the_next_requests_fail_with_a_code(api, send_template):
    api.fail_next(131016, times=2)
    assert [code(send_template()) for _ in range(3)] == [131016, 131016, None]
    assert len(api.outbox()) == 1


def test_an_ordered_error_has_the_usual_envelope_and_can_be_worded(api, send_template):
    api.fail_next(130429, details="Slow down.", status=400, retry_after="7", subcode=2494055)
    answer = send_template()
    assert (answer.status_code, answer.headers["retry-after"]) == (400, "7")
    error = answer.json()["error"]
    assert error["message"] == "(#130429) Rate limit hit"
    assert error["error_data"] == {"messaging_product": "whatsapp", "details": "Slow down."}
    assert (error["error_subcode"], error["type"]) == (2494055, "OAuthException")
    assert error["fbtrace_id"]


@pytest.mark.parametrize("status", ["held_for_quality_assessment", "paused"])
def test_a_message_can_be_taken_and_held_back(api, send_template, status):
    api.hold_next(status)
    said = [send_template().json()["messages"][0]["message_status"] for _ in range(2)]
    assert said == [status, "accepted"]
    assert len(api.outbox()) == 2


def test_an_ordered_error_can_be_one_that_will_pass(api, send_template):
    api.fail_next(999_999, transient=True)
    assert send_template().json()["error"]["is_transient"] is True


def test_a_fault_can_be_for_one_sender(api, india, send_template):
    api.fail_next(131031, object_id=api.accounts["AU"].phone_number_id)
    assert code(send_template()) is None
    api.fail_next(131031, object_id=india.phone_number_id)
    assert code(send_template()) == 131031


def test_a_fault_can_be_for_one_recipient(api, send_template):
    api.fail_next(131026, to="+91 99001 12233")
    assert code(send_template()) is None
    assert code(send_template(to="+919900112233")) == 131026


def test_a_fault_can_be_for_one_kind_of_request(api, create, send_template):
    api.fail_next(80007, operation="create_template")
    assert code(send_template()) is None
    assert code(create()) == 80007


def test_a_fault_can_let_some_pass_first(api, graph, india):
    api.fail_next(2, operation="list_templates", skip=1)
    assert [code(graph.get(f"/{india.waba_id}/message_templates")) for _ in range(3)] == [None, 2, None]


def test_faults_come_in_the_order_in_which_they_were_ordered(api, send_template):
    api.fail_next(131016)
    api.fail_next(131000)
    assert [code(send_template()) for _ in range(3)] == [131016, 131000, None]


def test_orders_can_be_cleared(api, send_template):
    api.fail_next(131016, times=5)
    api.clear_faults()
    assert code(send_template()) is None


def test_an_error_can_come_although_the_message_was_taken(api, send_template):
    api.fail_next(131000, taken=True)
    assert code(send_template()) == 131000
    assert len(api.outbox()) == 1


@pytest.mark.parametrize(("taken", "messages"), [(False, 0), (True, 1)])
def test_a_server_error_without_json(api, send_template, taken, messages):
    api.babble_next(status=503, taken=taken)
    answer = send_template()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert len(api.outbox()) == messages


def test_a_success_without_a_message_id(api, send_template):
    api.forget_id_next()
    answer = send_template()
    assert (answer.status_code, answer.json()["messages"]) == (200, [])
    assert len(api.outbox()) == 1


def test_a_refusal_stays_a_refusal_where_the_id_would_be_forgotten(api, send_template):
    api.forget_id_next()
    assert code(send_template(name="no_such_template")) == 132001


@pytest.mark.parametrize(("taken", "messages"), [(False, 0), (True, 1)])
def test_a_dropped_connection_before_and_after_the_message_is_taken(api, send_template, taken, messages):
    api.drop_next(taken=taken)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        send_template()
    assert len(api.outbox()) == messages
    assert api.requests(last=1)["last"][0]["outcome"] == "connection dropped"
    assert send_template().status_code == 200


def test_a_request_hangs_until_it_is_released(api, send_template):
    api.hang_next()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(send_template)
        assert api.wait_for_hanging() == 1
        assert not answer.done()
        assert api.outbox() == []
        assert api.release() == 1
        assert answer.result().status_code == 200
    assert len(api.outbox()) == 1


def test_a_request_can_hang_after_it_was_taken(api, send_template):
    api.hang_next(taken=True)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(send_template)
        api.wait_for_hanging()
        (message,) = api.outbox()
        api.release()
        assert wamid_of(answer.result()) == message["id"]


@pytest.mark.parametrize(("taken", "messages"), [(False, 0), (True, 1)])
def test_a_caller_who_hangs_up_ends_the_hanging(api, india, taken, messages):
    api.open_window(india.phone_number_id, "+919812345678")
    api.hang_next(seconds=3600, taken=taken)
    url = httpx.URL(api.url)
    caller = HTTPConnection(url.host, url.port)
    caller.request(
        "POST",
        f"/v25.0/{india.phone_number_id}/messages",
        body='{"messaging_product": "whatsapp", "to": "+919812345678", "text": {"body": "Hi"}}',
        headers={"authorization": f"Bearer {india.token}", "content-type": "application/json"},
    )
    assert api.wait_for_hanging() == 1
    caller.close()
    assert api.wait_for_hanging(at_least=0, at_most=0) == 0
    assert api.requests(last=1)["last"][0]["outcome"] == "caller hung up"
    assert len(api.outbox()) == messages


def test_a_hanging_request_is_answered_when_its_time_is_up(api, send_template):
    api.hang_next(seconds=0.01)
    assert send_template().status_code == 200


def test_reset_releases_what_hangs(api, send_template):
    api.hang_next()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(send_template)
        api.wait_for_hanging()
        api.reset()
        assert answer.result().status_code == 200


def test_a_create_can_be_lost_after_meta_took_it(api, create):
    api.drop_next(operation="create_template", taken=True)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create()
    assert create().json()["error"]["error_subcode"] == 2388024


def test_an_order_with_a_mistake_is_refused(api):
    for order in ({"code": "many"}, {"code": 1, "colour": "red"}, {"code": 1, "times": 0}):
        with pytest.raises(ValueError, match="/_sandbox/faults: 422"):
            api.fail_next(**order)


def test_an_order_for_what_does_not_exist_is_refused(api, india):
    for order in (
        lambda: api.kill_token("nobody-issued-this"),
        lambda: api.open_window("999", "+919812345678"),
        lambda: api.move_message("wamid.x", "read"),
        lambda: api.change_template(india.waba_id, "no_such_template", status="PAUSED"),
        lambda: api.prefer("999", "+919812345678", "stop"),
        lambda: api.webhook("account_update", "999"),
    ):
        with pytest.raises(ValueError, match=": 404"):
            order()
