"""A template message is held against the components that were approved."""

from __future__ import annotations

import pytest

from sandbox.graph_api.template_store import SAMPLE_TEMPLATES
from support.picture_files import png

PENDING = "jyt_production_run_reminder_pending_v1"
IMAGE = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://cdn.example.com/a.jpg"}}]}
TWO_PICTURES = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.example.com/a"}}] * 2}
TITLE = {"type": "header", "parameters": [{"type": "text", "text": "7"}]}
BODY = {"type": "body", "parameters": [{"type": "text", "text": "Rajesh"}]}
LINK = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "prun_7?t=a.b"}]}


def texts(*values):
    return [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}]


def code_and_details(answer):
    error = answer.json()["error"]
    return error["code"], error.get("error_data", {}).get("details", error["message"])


@pytest.fixture
def actionable(create, upload):
    """A template with a picture, one variable, a footer, a link and a quick reply; its name."""
    components = [
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [upload(png(), "image/png")]}},
        {"type": "BODY", "text": "Hello {{1}}, your run waits.", "example": {"body_text": [["Rajesh"]]}},
        {"type": "FOOTER", "text": "Sent by the workshop"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "URL", "text": "Open", "url": "https://portal.example.com/{{1}}", "example": ["prun_7"]},
                {"type": "QUICK_REPLY", "text": "Help"},
            ],
        },
    ]
    assert create(name="actionable", components=components).json()["status"] == "APPROVED"
    return "actionable"


def test_every_sample_template_is_sendable_on_its_accounts(api, graph, india):
    assert len(list(SAMPLE_TEMPLATES.glob("*.json"))) == 6
    found = {
        account.label: {
            (template["name"].split("_")[4], template["language"]): template["status"]
            for template in api.templates(account.waba_id)
        }
        for account in api.accounts.values()
    }
    english = {("pending", "en"): "APPROVED", ("not", "en"): "APPROVED", ("idle", "en"): "APPROVED"}
    hindi = {("pending", "hi"): "APPROVED", ("not", "hi"): "APPROVED", ("idle", "hi"): "APPROVED"}
    assert found == {"IN": english | hindi, "AU": english, "Europe": english}


@pytest.mark.parametrize(
    ("name", "language"), [("no_such_template", "en"), (PENDING, "en_US"), (PENDING, "it"), (PENDING, "EN")]
)
def test_a_template_must_exist_in_exactly_that_language(send_template, name, language):
    answer = send_template(name=name, language=language)
    assert answer.status_code == 404
    assert code_and_details(answer) == (132001, f"template name ({name}) does not exist in {language}")


def test_another_accounts_template_does_not_exist_here(api, graph):
    australia = api.accounts["AU"]
    message = {
        "messaging_product": "whatsapp",
        "to": "+61412345678",
        "type": "template",
        "template": {"name": PENDING, "language": {"code": "hi"}, "components": texts("a", "b", "c", "2")},
    }
    answer = graph.post(
        f"{api.url}/v25.0/{australia.phone_number_id}/messages",
        json=message,
        headers={"authorization": f"Bearer {australia.token}"},
    )
    assert code_and_details(answer)[0] == 132001


@pytest.mark.parametrize(
    "language",
    [None, {}, "en-but-no-object", {"code": ""}, {"code": "en", "policy": "fallback"}, {"code": "en", "x": 1}],
)
def test_the_language_is_an_object_with_a_code_and_one_policy(send, language):
    template = {"name": PENDING, "language": language, "components": texts("a", "b", "c", "2")}
    assert code_and_details(send(type="template", template=template))[0] == 100


@pytest.mark.parametrize(
    ("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016), ("REJECTED", 132001), ("PENDING", 132001)]
)
def test_only_an_approved_template_is_sent(api, india, send_template, status, code):
    api.change_template(india.waba_id, PENDING, "en", status=status)
    assert code_and_details(send_template())[0] == code
    assert send_template(language="hi").status_code == 200


@pytest.mark.parametrize("given", [0, 3, 5])
def test_the_number_of_parameters_must_be_the_approved_one(send_template, given):
    answer = send_template(components=texts(*["x"] * given))
    assert code_and_details(answer) == (
        132000,
        f"body: number of localizable_params ({given}) does not match the expected number of params (4)",
    )


@pytest.mark.parametrize("broken", ["two\nlines", "a\ttab", "five     spaces", "a\rreturn"])
@pytest.mark.parametrize(("version", "code"), [("v25.0", 132018), ("v22.0", 132000)])
def test_a_parameter_is_one_plain_line(api, graph, india, broken, version, code):
    template = {"name": PENDING, "language": {"code": "en"}, "components": texts("a", broken, "c", "2")}
    answer = graph.post(
        f"{api.url}/{version}/{india.phone_number_id}/messages",
        json={"messaging_product": "whatsapp", "to": "+919812345678", "type": "template", "template": template},
    )
    assert code_and_details(answer) == (
        code,
        "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
    )


def test_four_spaces_are_fine(send_template):
    assert send_template("a", "four    spaces", "c", "2").status_code == 200


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_parameter_is_not_empty(send_template, empty):
    answer = send_template(components=texts("a", empty, "c", "2"))
    assert code_and_details(answer) == (131008, "Parameter of type text is missing text value")


def test_a_parameter_is_text_even_where_it_is_a_number(send_template):
    assert code_and_details(send_template(components=texts("a", "b", "c", 2)))[0] == 100


def test_the_text_with_its_parameters_has_at_most_1024_characters(api, send_template):
    send_template("x", "b", "c", "2")
    room = 1024 - len(api.outbox()[0]["text"]) + 1
    assert send_template("x" * room, "b", "c", "2").status_code == 200
    assert code_and_details(send_template("x" * (room + 1), "b", "c", "2"))[0] == 132005


@pytest.mark.parametrize(
    ("components", "code", "details"),
    [
        ([IMAGE, *texts("a", "b", "c", "2")], 132018, "header: Template does not contain title component"),
        ([LINK, *texts("a", "b", "c", "2")], 132018, "buttons: Button at index 0 does not exist"),
        ([*texts("a", "b", "c", "2")] * 2, 132018, "body: There must be one component"),
        ([{"type": "footer"}], 100, "must be one of {HEADER, BODY, BUTTON}"),
        ([{"type": "body", "parameters": [{"type": "video"}]}], 100, "must be one of {TEXT, IMAGE, PAYLOAD}"),
        ([{"type": "body", "parameters": [{"type": "text", "value": "a"}]}], 100, 'Unexpected key "value"'),
        ([{"type": "body", "params": []}], 100, 'Unexpected key "params"'),
        ([{"type": "body", "parameters": IMAGE["parameters"]}], 132012, "body: Format mismatch, expected TEXT"),
        ({"type": "body"}, 100, "must be an array"),
    ],
)
def test_components_must_be_those_of_the_template(send_template, components, code, details):
    refused = code_and_details(send_template(components=components))
    assert refused[0] == code
    assert details in refused[1]


def test_names_of_components_may_be_in_upper_case(send_template):
    upper = [{"type": "BODY", "parameters": texts("a", "b", "c", "2")[0]["parameters"]}]
    assert send_template(components=upper).status_code == 200


def test_positional_parameters_have_no_names(send_template):
    components = texts("a", "b", "c", "2")
    components[0]["parameters"][0]["parameter_name"] = "1"
    assert code_and_details(send_template(components=components))[0] == 132018


def test_an_actionable_message_shows_picture_footer_and_buttons(api, send_template, actionable):
    reply = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": 1,
        "parameters": [{"type": "payload", "payload": "h"}],
    }
    assert send_template(name=actionable, components=[IMAGE, BODY, LINK, reply]).status_code == 200
    (message,) = api.outbox()
    assert message["header"] == {"type": "image", "link": "https://cdn.example.com/a.jpg"}
    assert message["text"] == "Hello Rajesh, your run waits."
    assert message["footer"] == "Sent by the workshop"
    assert message["buttons"] == [
        {"type": "URL", "text": "Open", "url": "https://portal.example.com/prun_7?t=a.b"},
        {"type": "QUICK_REPLY", "text": "Help", "payload": "h"},
    ]
    assert message["parameters"]["buttons"] == ["prun_7?t=a.b", "h"]


def with_link(text, **changed):
    return {**LINK, "parameters": [{"type": "text", "text": text}], **changed}


def with_picture(image):
    return {"type": "header", "parameters": [{"type": "image", "image": image}]}


@pytest.mark.parametrize(
    ("components", "code", "details"),
    [
        ([BODY, LINK], 132012, "header: Format mismatch, expected IMAGE, received UNKNOWN"),
        ([TITLE, BODY, LINK], 132012, "header: Format mismatch, expected IMAGE, received TEXT"),
        (
            [TWO_PICTURES, BODY, LINK],
            132000,
            "header: number of localizable_params (2)",
        ),
        ([with_picture({"link": "http://cdn.example.com/a.jpg"}), BODY, LINK], 100, "is not a valid URI"),
        ([with_picture({"link": "https://cdn.example.com/a b.jpg"}), BODY, LINK], 100, "is not a valid URI"),
        ([with_picture({"id": "123"}), BODY, LINK], 100, "is not the id of an uploaded picture"),
        ([with_picture({"link": "https://a.example.com/a.jpg", "caption": "x"}), BODY, LINK], 100, 'key "caption"'),
        ([with_picture(None), BODY, LINK], 100, "is required"),
        ([IMAGE, BODY], 131008, "buttons: Button at index 0 of type Url requires a parameter"),
        ([IMAGE, BODY, with_link("")], 131008, "buttons: Button at index 0 of type Url requires a parameter"),
        ([IMAGE, BODY, {**LINK, "parameters": []}], 131008, "requires a parameter"),
        ([IMAGE, BODY, with_link("a", sub_type="quick_reply")], 132018, "Button at index 0 must be of type Url"),
        ([IMAGE, BODY, with_link("a", index="2")], 132018, "Button at index 2 does not exist"),
        ([IMAGE, BODY, with_link("a", index="x")], 132018, "needs the index of its button"),
        ([IMAGE, BODY, LINK, LINK], 132018, "each once"),
        ([IMAGE, BODY, LINK, with_link("a", index="1")], 132018, "Button at index 1 must be of type QuickReply"),
        ([IMAGE, BODY, with_link("two words")], 132018, "percent-encoded"),
        ([IMAGE, BODY, with_link("a:b")], 132018, "percent-encoded"),
        ([IMAGE, BODY, with_link("a|b")], 132018, "percent-encoded"),
        ([IMAGE, BODY, with_link("कुर्ता")], 132018, "percent-encoded"),
        ([IMAGE, BODY, with_link("100%")], 132018, "percent-encoded"),
        ([IMAGE, BODY, with_link("a" * 2000)], 132005, "Translated text too long"),
    ],
)
def test_header_and_buttons_must_have_the_approved_form(send_template, actionable, components, code, details):
    refused = code_and_details(send_template(name=actionable, components=components))
    assert refused[0] == code
    assert details in refused[1]


def test_a_percent_encoded_link_is_fine(send_template, actionable):
    answer = send_template(name=actionable, components=[IMAGE, BODY, with_link("run%20%E0%A4%95?wa_token=eyJ.a-b_c.d")])
    assert answer.status_code == 200


def test_a_text_header_takes_its_own_parameter(api, create, send_template):
    header = {"type": "HEADER", "format": "TEXT", "text": "Run {{1}}", "example": {"header_text": ["7"]}}
    body = {"type": "BODY", "text": "Hello {{1}}, your run waits.", "example": {"body_text": [["Rajesh"]]}}
    create(name="titled", components=[header, body])
    assert send_template(name="titled", components=[TITLE, BODY]).status_code == 200
    assert api.outbox()[0]["header"] == {"type": "text", "text": "Run 7"}
    assert code_and_details(send_template(name="titled", components=[BODY])) == (
        132000,
        "header: number of localizable_params (0) does not match the expected number of params (1)",
    )
    too_long = {"type": "header", "parameters": [{"type": "text", "text": "7" * 57}]}
    assert code_and_details(send_template(name="titled", components=[too_long, BODY]))[0] == 132005


def test_named_parameters_come_by_name_in_any_order(api, create, send_template):
    example = {
        "body_text_named_params": [
            {"param_name": "partner", "example": "Rajesh"},
            {"param_name": "design", "example": "Kurta"},
        ]
    }
    body = {"type": "BODY", "text": "Hello {{partner}}, the run for {{design}} is waiting for you.", "example": example}
    assert create(name="named", parameter_format="NAMED", components=[body]).status_code == 200

    def named(**values):
        parameters = [{"type": "text", "parameter_name": name, "text": text} for name, text in values.items()]
        return [{"type": "body", "parameters": parameters}]

    assert send_template(name="named", components=named(design="Kurta", partner="Rajesh")).status_code == 200
    assert api.outbox()[0]["text"] == "Hello Rajesh, the run for Kurta is waiting for you."
    assert code_and_details(send_template(name="named", components=named(design="a", friend="b")))[0] == 132018
    assert code_and_details(send_template(name="named", components=texts("a", "b"))) == (
        100,
        "Parameter name is missing or empty",
    )
