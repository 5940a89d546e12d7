"""The rules Meta checks when a template is created, each with its subcode."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.graph_api.template_store import SAMPLE_TEMPLATES

GOOD_BODY = {"type": "BODY", "text": "Your order is ready to be picked up."}


def refused(answer):
    """HTTP status, subcode, and the sentence for people."""
    error = answer.json()["error"]
    assert error["code"] == 100
    return answer.status_code, error.get("error_subcode"), error.get("error_user_msg", error["message"])


def header(**given):
    return [{"type": "HEADER", **given}, GOOD_BODY]


def buttons(*given):
    return [GOOD_BODY, {"type": "BUTTONS", "buttons": list(given)}]


def reply(text="Yes"):
    return {"type": "QUICK_REPLY", "text": text}


def link(url="https://portal.example.com/{{1}}", **given):
    return {"type": "URL", "text": "Open", "url": url, "example": ["prun_7"], **given}


PHONE = {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+911140000001"}
COPY = {"type": "COPY_CODE", "example": "SAVE10"}


def test_a_good_template_is_approved_at_once_unless_told_otherwise(create):
    answer = create()
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("id").isdigit()
    assert body == {"status": "APPROVED", "category": "UTILITY"}


@pytest.mark.parametrize("file", sorted(SAMPLE_TEMPLATES.glob("*.json")), ids=lambda file: file.stem)
def test_the_sample_templates_keep_the_rules(api, graph, file):
    europe = api.accounts["Europe"]
    definition = json.loads(file.read_text()) | {"name": "submitted_again"}
    definition["components"][0]["text"] += "!"
    answer = graph.post(
        f"{api.url}/v25.0/{europe.waba_id}/message_templates",
        json=definition | {"message_send_ttl_seconds": 43_200},
        headers={"authorization": f"Bearer {europe.token}"},
    )
    assert answer.json()["status"] == "APPROVED"


@pytest.mark.parametrize(
    "definition",
    [
        {"name": None},
        {"name": "Order"},
        {"name": "order-ready"},
        {"name": "x" * 513},
        {"name": ""},
        {"language": None},
        {"language": "xx"},
        {"language": "en-US"},
        {"category": None},
        {"category": "GOSSIP"},
        {"category": "AUTHENTICATION"},
        {"parameter_format": "ROMAN"},
        {"components": None},
        {"components": []},
        {"components": ["BODY"]},
        {"components": [{"type": "SIDEBAR", "text": "x"}]},
        {"components": [GOOD_BODY, GOOD_BODY]},
        {"components": [{**GOOD_BODY, "colour": "red"}]},
        {"colour": "red"},
        {"message_send_ttl_seconds": 29},
        {"message_send_ttl_seconds": 43_201},
        {"message_send_ttl_seconds": "3600"},
        {"message_send_ttl_seconds": True},
    ],
)
def test_a_wrong_field_is_code_100_without_a_subcode(create, definition):
    assert refused(create(**definition))[:2] == (400, None)


@pytest.mark.parametrize(
    "definition",
    [
        {"category": "utility"},
        {"language": "en_US"},
        {"name": "x" * 512},
        {"message_send_ttl_seconds": 30},
        {"message_send_ttl_seconds": 43_200},
        {"category": "MARKETING", "message_send_ttl_seconds": 86_400},
        {"components": [{"type": "body", "text": "Your order is ready."}]},
        {"components": header(format="TEXT", text="x" * 60)},
        {"components": header(format="text", text="Run {{1}}", example={"header_text": ["7"]})},
        {"components": [GOOD_BODY, {"type": "FOOTER", "text": "x" * 60}]},
        {"components": buttons(link(), link("https://portal.example.com/help"), PHONE, COPY)},
        {"components": buttons(*[reply(f"Answer {number}") for number in range(10)])},
        {"components": buttons(reply("हाँ, ठीक है"), link())},
        {"components": buttons(link(), reply(), reply("No"))},
    ],
)
def test_what_keeps_the_rules_is_taken(create, definition):
    assert create(**definition).status_code == 200


@pytest.mark.parametrize(
    ("body", "examples", "subcode"),
    [
        ("x" * 1025, (), 2388040),
        ("", (), 2388043),
        ("Hello {{1}}, your order is ready.", (), 2388043),
        ("Hello {{1}}, your order is ready.", ("a", "b"), 2388043),
        ("Hello {{1}}, your order is ready.", ("",), 2388043),
        ("Hello {{1}, your order is ready.", ("a",), 2388072),
        ("Hello {{ 1 }}, your order is ready.", ("a",), 2388072),
        ("Hello {{2}}, your order is ready.", ("a",), 2388072),
        ("Hello {{1}} and {{3}}, your order is ready now.", ("a", "b"), 2388072),
        ("Hello {{name}}, your order is ready.", ("a",), 2388072),
        ("Hello {{1$}}, your order is ready.", ("a",), 2388072),
        ("Hello {{१}}, your order is ready.", ("a",), 2388072),
        ("{{1}}, your order is ready.", ("a",), 2388299),
        ("*{{1}}*, your order is ready.", ("a",), 2388299),
        ("Your order is ready, {{1}}", ("a",), 2388299),
        ("Your order is ready, {{1}}.", ("a",), 2388299),
        ("Your order is ready, {{1}}।", ("a",), 2388299),
        ("Hello {{1}} there, friend.", ("a",), 2388293),
        ("Run {{1}} of {{2}} is {{3}} for {{4}} days now.", ("a", "b", "c", "d"), 2388293),
    ],
)
def test_a_body_that_breaks_a_rule_names_its_subcode(create, body, examples, subcode):
    assert refused(create(body, *examples))[:2] == (400, subcode)


def test_the_error_of_a_rule_has_a_title_and_a_sentence_for_people(create):
    error = create("Your order is ready, {{1}}", "a").json()["error"]
    error.pop("fbtrace_id")
    assert error == {
        "message": "Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": 2388299,
        "is_transient": False,
        "error_user_title": "Leading or trailing parameters not allowed",
        "error_user_msg": "Variables can't be at the start or end of the template.",
    }


@pytest.mark.parametrize(
    ("components", "subcode"),
    [
        (header(format="TEXT", text="x" * 61), 2388040),
        (header(format="TEXT"), 2388043),
        (header(format="TEXT", text="Run {{1}}"), 2388043),
        (header(format="TEXT", text="{{1}} of {{2}}", example={"header_text": ["a", "b"]}), 2388047),
        (header(format="TEXT", text="Your *order*"), 2388047),
        (header(format="TEXT", text="Your\norder"), 2388047),
        (header(format="TEXT", text="Your order 🎉"), 2388047),
        (header(text="Your order"), 2388047),
        (header(format="VIDEO", example={"header_handle": ["4::x"]}), 2388047),
        (header(format="IMAGE"), 2388273),
        (header(format="IMAGE", example={"header_handle": []}), 2388273),
        (header(format="IMAGE", example={"header_handle": ["https://cdn.example.com/a.jpg"]}), 2388273),
        (header(format="IMAGE", example={"header_handle": ["4::aW1hZ2UvcG5n:ARmade-up"]}), 2388273),
        ([{"type": "HEADER", "format": "TEXT", "text": "Title"}], 2388043),
        ([GOOD_BODY, {"type": "FOOTER", "text": "x" * 61}], 2388040),
        ([GOOD_BODY, {"type": "FOOTER", "text": "Yours, {{1}}"}], 2388073),
        ([GOOD_BODY, {"type": "FOOTER", "text": "two\nlines"}], 2388073),
        ([GOOD_BODY, {"type": "FOOTER"}], 2388043),
        (buttons(reply("x" * 26)), 2388040),
        (buttons(reply("Call {{1}}")), 2388060),
        (buttons(reply("Yes 👍")), 2388060),
        (buttons(reply("*Yes*")), 2388060),
        (buttons(reply("Yes\nplease")), 2388060),
        (buttons(reply("")), 2388043),
        (buttons(link("https://portal.example.com/" + "x" * 2000, example=None)), 2388040),
        (buttons(link(example=None)), 2388043),
        (buttons(), 2388043),
    ],
)
def test_a_component_that_breaks_a_rule_names_its_subcode(create, components, subcode):
    assert refused(create(components=components))[:2] == (400, subcode)


@pytest.mark.parametrize(
    "components",
    [
        buttons(*[reply(f"Answer {number}") for number in range(11)]),
        buttons(link(), link(), link()),
        buttons(PHONE, PHONE),
        buttons(COPY, COPY),
        buttons(reply(), link(), reply("No")),
        buttons(link("https://{{1}}.example.com/")),
        buttons(link("https://portal.example.com/{{1}}/{{2}}")),
        buttons(link("ftp://portal.example.com/{{1}}")),
        buttons({**PHONE, "phone_number": "call me"}),
        buttons({**COPY, "example": "x" * 16}),
        buttons({"type": "FLOW", "text": "Go"}),
        buttons({**reply(), "url": "https://portal.example.com"}),
    ],
)
def test_buttons_have_their_numbers_order_and_forms(create, components):
    assert refused(create(components=components))[:2] == (400, None)


def named_body(text, *names):
    params = [{"param_name": name, "example": "x"} for name in names]
    return [{"type": "BODY", "text": text, "example": {"body_text_named_params": params}}]


def test_named_variables_have_names_and_examples(create):
    text = "Hello {{first_name}}, your order is ready."
    named = {"parameter_format": "named"}
    assert create(components=named_body(text, "first_name"), **named).status_code == 200
    other = {"name": "other"} | named
    assert refused(create(components=named_body(text), **other))[1] == 2388043
    assert refused(create(components=named_body("Hello {{Name}}, your order is ready.", "Name"), **other))[1] == 2388072
    assert refused(create(components=named_body("Hello {{1}}, your order is ready.", "1"), **other))[1] == 2388072
    twice = "Hello {{name}}, your order is ready now, dear {{name}}, come."
    assert refused(create(components=named_body(twice, "name"), **other))[1] == 2388072


def test_adjacent_variables_are_rejected_in_review(api, india, create):
    answer = create("Hello {{1}} {{2}}, your order is ready to be picked up.", "a", "b")
    assert answer.json()["status"] == "REJECTED"
    template = next(template for template in api.templates(india.waba_id) if template["name"] == "order_ready")
    assert template["rejected_reason"] == "INVALID_FORMAT"


def test_the_wording_of_another_template_is_rejected_in_review(create):
    assert create().json()["status"] == "APPROVED"
    assert create(name="another_name").json()["status"] == "REJECTED"
    with_footer = [{"type": "BODY", "text": "Hello, your order is ready."}, {"type": "FOOTER", "text": "Bye"}]
    assert create(name="a_third_name", components=with_footer).json()["status"] == "APPROVED"


def test_the_same_wording_in_another_language_of_the_name_is_fine(create):
    create()
    assert create(language="en_GB").json()["status"] == "APPROVED"


def test_what_exists_in_a_language_is_not_created_again(create):
    create()
    answer = create("Something else altogether.")
    assert refused(answer) == (
        400,
        2388024,
        "There is already English content for this template. You can create a new template and try again.",
    )


def test_all_languages_of_a_name_share_one_category(api, india, create):
    create()
    api.change_template(india.waba_id, "order_ready", category="MARKETING")
    assert refused(create(language="hi")) == (
        400,
        None,
        "The category UTILITY doesn't match the one that's already associated with this template, MARKETING.",
    )
    assert create(language="hi", category="MARKETING").status_code == 200


def test_an_account_has_room_for_so_many_templates(api, create):
    api.set_limits(templates_per_account=7)
    assert create(name="seventh").status_code == 200
    assert refused(create("Another text.", name="eighth"))[1] == 2388019


def test_an_account_creates_so_many_templates_an_hour(api, create):
    api.freeze_clock()
    api.set_limits(template_creates_per_hour=2)
    create(name="first")
    create("Another text.", name="second")
    answer = create("A third text.", name="third")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, 80007)
    usage = json.loads(answer.headers["x-business-use-case-usage"])["211000000000001"][0]
    assert usage["estimated_time_to_regain_access"] == 60
    api.shift_clock(3600)
    assert create("A third text.", name="third").status_code == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["{{1}}", "BODY", "BUTTONS"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "format"]), inner),
    max_leaves=8,
)
component = st.dictionaries(
    st.sampled_from(["type", "text", "format", "example", "buttons"]),
    json_values | st.sampled_from(["BODY", "HEADER", "FOOTER", "BUTTONS", "IMAGE", "TEXT", "Hello {{1}} there"]),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    components=st.lists(component | json_values, max_size=4), extra=st.dictionaries(st.text(max_size=8), json_values)
)
def test_whatever_is_submitted_is_answered_as_meta_answers(create, components, extra):
    answer = create(components=[GOOD_BODY, *components], **extra)
    assert answer.status_code in (200, 400, 429)
    assert answer.status_code == 200 or answer.json()["error"]["code"] in (100, 80007)
