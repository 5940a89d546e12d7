"""What Meta says of a message that is not well formed, or goes to somebody who cannot get it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.phone_numbers import recipient_number


def error_of(answer):
    return answer.json()["error"]


def test_a_refusal_comes_in_metas_envelope(send_template):
    error = error_of(send_template("only one"))
    assert error.pop("fbtrace_id").startswith("A")
    assert error == {
        "message": "(#132000) Number of parameters does not match the expected number of params",
        "type": "OAuthException",
        "code": 132000,
        "error_data": {
            "messaging_product": "whatsapp",
            "details": "body: number of localizable_params (1) does not match the expected number of params (4)",
        },
    }


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"messaging_product": "telegram"}, 100),
        ({"messaging_product": None}, 100),
        ({"to": None}, 100),
        ({"to": 919812345678}, 100),
        ({"recipient_type": "group"}, 100),
        ({"type": "carrier_pigeon"}, 100),
        ({"type": ["text"]}, 100),
        ({"type": "audio", "audio": {"id": "1"}}, 131051),
        ({"text": {"body": "Hi"}, "colour": "red"}, 100),
        ({"text": {"body": "Hi"}, "context": {"id": "wamid.x"}}, 100),
        ({"text": {"body": "Hi"}, "biz_opaque_callback_data": 7}, 100),
        ({"type": "text"}, 100),
        ({"type": "text", "text": "Hi"}, 100),
        ({"type": "text", "text": {"body": ""}}, 100),
        ({"type": "text", "text": {"body": "x" * 4097}}, 100),
        ({"type": "text", "text": {"body": "Hi", "size": 3}}, 100),
        ({"type": "image", "image": {}}, 100),
        ({"type": "image", "image": {"link": "http://cdn.example.com/a.jpg"}}, 100),
        ({"type": "image", "image": {"id": "123"}}, 100),
        ({"type": "image", "image": {"link": "https://cdn.example.com/a.jpg", "caption": "x" * 1025}}, 100),
        ({"type": "template"}, 100),
    ],
)
def test_a_malformed_message_is_refused(api, send, message, code):
    answer = send(**message)
    assert (answer.status_code, error_of(answer)["code"]) == (400, code)
    assert api.outbox() == []


@pytest.mark.parametrize(("content_type", "content"), [("application/json", b"{"), ("application/json", b"[]")])
def test_a_body_that_is_no_json_object_is_refused(graph, india, content_type, content):
    answer = graph.post(f"/{india.phone_number_id}/messages", content=content, headers={"content-type": content_type})
    assert error_of(answer)["code"] == 100


def test_a_body_that_does_not_say_it_is_json_is_not_read(graph, india):
    answer = graph.post(f"/{india.phone_number_id}/messages", content=b'{"messaging_product": "whatsapp"}')
    assert error_of(answer)["message"] == "(#100) The parameter messaging_product is required."


@pytest.mark.parametrize(
    ("to", "country_code", "number"),
    [
        ("+919812345678", "91", "+919812345678"),
        ("+91 98123-45678", "91", "+919812345678"),
        ("+39 (06) 4000 0004", "91", "+390640000004"),
        ("9812345678", "91", "+919812345678"),
        ("412345678", "61", "+61412345678"),
    ],
)
def test_a_recipient_is_read_as_meta_reads_it(to, country_code, number):
    assert recipient_number(to, country_code) == number


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+91 98x", 131009),
        ("hello", 131009),
        ("+1234567890123456", 131009),
        ("+91981", 131009),
        ("+9198123456", 131026),
        ("+99912345678", 131026),
    ],
)
def test_what_is_no_phone_number_is_refused(to, code):
    with pytest.raises(GraphError) as refused:
        recipient_number(to, "91")
    assert refused.value.code == code


def test_without_a_plus_the_senders_country_code_comes_twice(api, send_template):
    """The mistake Meta's rule invites: digits that have their country code already reach nobody."""
    answer = send_template(to="919812345678")
    assert error_of(answer)["code"] == 131026
    assert "+91919812345678" in error_of(answer)["error_data"]["details"]
    assert api.outbox() == []


def test_nobody_writes_to_themselves(india, send_template):
    assert error_of(send_template(to=india.display_phone_number))["code"] == 131021


@pytest.mark.parametrize("code", [131026, 131050, 130472, 131049])
def test_a_marked_recipient_is_refused_with_the_ordered_code(api, send_template, code):
    api.mark_recipient("+919812345678", code)
    assert error_of(send_template())["code"] == code
    assert send_template(to="+919900112233").status_code == 200
    api.mark_recipient("+919812345678", None)
    assert send_template().status_code == 200


def test_a_marked_recipient_can_fail_late(api, send_template):
    api.mark_recipient("+919812345678", 131026, late=True)
    assert send_template().status_code == 200
    (message,) = api.outbox()
    assert (message["status"], message["error"]["code"]) == ("failed", 131026)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
message_fields = st.sampled_from(
    ["messaging_product", "to", "type", "template", "text", "image", "context", "biz_opaque_callback_data"]
)
template_fields = st.fixed_dictionaries(
    {"name": st.just("jyt_production_run_reminder_pending_v1"), "language": st.just({"code": "en"})},
    optional={
        "components": st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["header", "body", "button"])},
                optional={
                    "parameters": st.lists(
                        st.fixed_dictionaries(
                            {"type": st.sampled_from(["text", "image", "payload"]) | json_values},
                            optional={"text": json_values, "image": json_values, "parameter_name": json_values},
                        )
                        | json_values,
                        max_size=4,
                    )
                    | json_values,
                    "index": json_values,
                    "sub_type": json_values,
                },
            )
            | json_values,
            max_size=3,
        )
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    fields=st.dictionaries(message_fields, json_values, max_size=4),
    template=st.none() | template_fields,
)
def test_whatever_is_sent_is_answered_as_meta_answers(send, fields, template):
    message = fields if template is None else {"type": "template", "template": template}
    answer = send(**message)
    assert answer.status_code in (200, 400, 404, 429)
    assert answer.status_code == 200 or error_of(answer)["code"] in {100, *range(130_000, 133_000)}
