"""What became of a request, read from the answer to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_provider.api.answers import (
    MAX_RETRY_AFTER,
    Accepted,
    NotSent,
    Refused,
    Unknown,
    read_answer,
)
from whatsapp_provider.api.errors import Action

WAMID = "wamid.HBgMOTE5ODI5MDEyMzQ1FQIAERgSQUJDREVGMDEyMzQ1Njc4OTAxAA=="
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+919829012345", "wa_id": "919829012345"}],
    "messages": [{"id": WAMID, "message_status": "accepted"}],
}


def envelope(code, **error):
    return {"error": {"message": f"(#{code}) No", "type": "OAuthException", "code": code, "fbtrace_id": "A1", **error}}


def body(payload):
    return json.dumps(payload).encode()


def test_a_message_id_means_accepted():
    assert read_answer(200, {}, body(TAKEN)) == Accepted(WAMID, "accepted")
    assert read_answer(200, {}, body({"messages": [{"id": WAMID}]})) == Accepted(WAMID)


@pytest.mark.parametrize("status", [None, 7, "", "x" * 65, "a\0b", ["paused"], {"paused": True}])
def test_a_status_that_meta_has_no_word_for_is_not_kept(status):
    assert read_answer(200, {}, body({"messages": [{"id": WAMID, "message_status": status}]})) == Accepted(WAMID)


def test_an_accepted_message_id_is_not_shown():
    assert WAMID not in repr(read_answer(200, {}, body(TAKEN)))


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_metas_error_means_refused_under_any_status(status):
    answer = read_answer(status, {}, body(envelope(130429, error_data={"details": "Too fast"})))
    assert answer == Refused(130429, None, "Too fast")
    assert isinstance(answer, Refused)
    assert answer.meaning.action is Action.RETRY_NOW


@pytest.mark.parametrize(
    ("error", "details"),
    [
        (
            {"error_data": {"messaging_product": "whatsapp", "details": "Template name does not exist"}},
            "Template name does not exist",
        ),
        ({"error_data": "a bare string"}, "a bare string"),
        ({"error_data": {}}, "(#100) No"),
        ({"error_data": {"details": None}}, "(#100) No"),
        ({"error_data": {"details": " "}}, "(#100) No"),
        ({"error_data": None}, "(#100) No"),
        ({"error_data": ["x"]}, "(#100) No"),
        ({}, "(#100) No"),
        ({"message": None}, ""),
        ({"error_data": {"details": "to 919829012345 with EAAGm0PX4ZCpsBAKZCZBxyz"}}, "to +91•••••2345 with •••••"),
    ],
)
def test_the_details_are_found_wherever_they_are_and_masked(error, details):
    assert read_answer(400, {}, body(envelope(100, **error))) == Refused(100, None, details)


@pytest.mark.parametrize(
    ("said", "transient"), [(True, True), (False, False), (None, False), ("true", False), (1, False)]
)
def test_whether_it_will_pass_is_read(said, transient):
    answer = read_answer(500, {}, body(envelope(999_999, is_transient=said)))
    assert isinstance(answer, Refused)
    assert answer.transient is transient
    assert answer.meaning.action is (Action.RETRY_NOW if transient else Action.GIVE_UP)


def test_a_subcode_is_kept_and_tells_an_invisible_object():
    answer = read_answer(400, {}, body(envelope(100, error_subcode=33)))
    assert isinstance(answer, Refused)
    assert answer.subcode == 33
    assert answer.meaning.action is Action.STOP_SENDER


def test_a_code_may_be_text():
    answer = read_answer(401, {}, body(envelope("190")))
    assert isinstance(answer, Refused)
    assert answer.code == 190


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"[" * 100_000,
        body({"error": "Service Unavailable"}),
        body({"error": {"message": "no code", "type": "OAuthException"}}),
        body({"error": {"code": True, "type": "OAuthException"}}),
        body({"error": {"code": 503, "message": "what a gateway says"}}),
        body({"messages": []}),
        body({"messages": [{}]}),
        body({"messages": [{"id": ""}]}),
        body({"messages": [{"id": 7}]}),
        body({"messages": [{"id": "w" * 2_000_000}]}),
        body({"messages": [{"id": "wamid.\0A"}]}),
        body({"messages": [{"id": "wamid.\ud800"}]}),
        body({"messages": [{"id": "wamid.A B"}]}),
        body({"messages": WAMID}),
        body({"success": True}),
    ],
)
def test_without_an_id_or_metas_error_a_request_that_got_through_is_unknown(payload):
    for status in (200, 204, 408, 499, 500, 502, 503, 504):
        assert isinstance(read_answer(status, {}, payload), Unknown)
    for status in (301, 302, 307, 400, 403, 404, 407, 413, 429, 431):
        assert isinstance(read_answer(status, {}, payload), NotSent)


@pytest.mark.parametrize("status", [302, 400, 500])
def test_an_id_under_a_status_that_denies_it_is_unknown(status):
    assert isinstance(read_answer(status, {}, body(TAKEN)), Unknown)


def test_a_reason_names_the_status():
    answers = [read_answer(502, {}, b""), read_answer(407, {}, b"")]
    assert [answer.reason[:8] for answer in answers if isinstance(answer, Unknown | NotSent)] == [
        "HTTP 502",
        "HTTP 407",
    ]


def usage(*minutes):
    return json.dumps(
        {"102290129340398": [{"type": "whatsapp", "estimated_time_to_regain_access": one} for one in minutes]}
    )


DATE = "Mon, 23 Nov 2026 04:30:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"RETRY-AFTER": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "999999"}, MAX_RETRY_AFTER),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 04:32:00 GMT", "Date": DATE}, 120),
        ({"Retry-After": "Mon, 23 Nov 2026 04:29:00 GMT", "Date": DATE}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 04:32:00 GMT"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 04:32:00", "Date": DATE}, None),
        ({"X-Business-Use-Case-Usage": usage(0, 5)}, 300),
        ({"X-Business-Use-Case-Usage": usage(0)}, None),
        ({"X-Business-Use-Case-Usage": usage("5", None, 10_000)}, MAX_RETRY_AFTER),
        ({"X-Business-Use-Case-Usage": "{"}, None),
        ({"X-Business-Use-Case-Usage": '{"1": [1], "2": 3}'}, None),
        ({"Retry-After": "400", "X-Business-Use-Case-Usage": usage(5)}, 400),
        ({"Retry-After": "4", "X-Business-Use-Case-Usage": usage(5)}, 300),
    ],
)
def test_what_meta_asks_to_wait_is_read_and_kept_within_an_hour(headers, seconds):
    refused = read_answer(429, headers, body(envelope(80007)))
    turned_away = read_answer(429, headers, b"slow down")
    assert isinstance(refused, Refused)
    assert isinstance(turned_away, NotSent)
    assert refused.retry_after == turned_away.retry_after == seconds


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["error", "code", "type", "messages", "id", "error_data", "details", "error_subcode"]),
            inner,
        ),
    ),
    max_leaves=12,
)


@given(st.integers(100, 599), st.one_of(st.binary(), JSON.map(body)), st.text(max_size=30))
def test_any_answer_can_be_read(status, payload, header):
    answer = read_answer(status, {"Retry-After": header, "X-Business-Use-Case-Usage": header}, payload)
    assert isinstance(answer, Accepted | Refused | Unknown | NotSent)
    if isinstance(answer, Accepted):
        assert 200 <= status < 300
    if isinstance(answer, NotSent):
        assert 300 <= status < 500
