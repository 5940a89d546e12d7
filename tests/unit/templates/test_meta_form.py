"""Headers, footers and buttons in Meta's form."""

from __future__ import annotations

import pytest

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.templates.catalog import load_catalog
from whatsapp_provider.templates.definition import TemplateError

VALUES = {"partner_name": "Rajesh", "run_id": "prun_7", "design_name": "Saree", "run_link": "prun_7?wa_token=a.b-c_d"}
PICTURE = "https://cdn.example.com/saree.jpg"
WITH_PICTURE = """\
category = "UTILITY"
variables = ["partner_name", "run_id"]
[header]
format = "IMAGE"
example = "header.png"
[[buttons]]
kind = "quick_reply"
[[buttons]]
kind = "url"
path = "/production-runs/"
variable = "run_link"
[examples]
partner_name = "Rajesh"
run_id = "prun_01ABC"
run_link = "prun_01ABC"
"""
ENGLISH = """\
{#
buttons = ["I need help", "Open the run"]
-#}
Hi {{ partner_name }}, production run {{ run_id }} waits for your answer.
"""
BUTTON_ONLY = """\
category = "UTILITY"
variables = []
[[buttons]]
kind = "url"
path = "/p/"
variable = "run_link"
[examples]
run_link = "{}"
"""
BUTTON_BODY = '{#\nbuttons = ["Open run"]\n-#}\nNothing to do today.\n'


def only(folder):
    (template,) = load_catalog(folder)
    return template


@pytest.fixture
def with_text(write_template):
    return only(write_template())


@pytest.fixture
def with_picture(write_template):
    files = {"template.toml": WITH_PICTURE, "body.en.j2": ENGLISH, "body.hi.j2": None}
    return only(write_template({**files, "header.png": (TEMPLATES / "block-print.png").read_bytes()}))


def test_every_component_is_in_the_create_request(with_text):
    assert with_text.create_request("hi", portal_url="https://portal.example.com/") == {
        "name": "run_waits_v2",
        "category": "UTILITY",
        "language": "hi",
        "message_send_ttl_seconds": 43200,
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "डिज़ाइन {{1}}",
                "example": {"header_text": ["कुर्ता"]},
            },
            {
                "type": "BODY",
                "text": "रन {{2}} अब भी आपकी प्रतीक्षा में है, {{1}} जी।",
                "example": {"body_text": [["राजेश", "prun_01ABC"]]},
            },
            {"type": "FOOTER", "text": "बंद करने के लिए STOP लिखें"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "URL",
                        "text": "रन खोलें",
                        "url": "https://portal.example.com/production-runs/{{1}}",
                        "example": ["https://portal.example.com/production-runs/prun_01ABC"],
                    },
                    {"type": "QUICK_REPLY", "text": "मदद चाहिए"},
                ],
            },
        ],
    }


def test_a_picture_is_created_from_its_uploads_handle(with_picture):
    request = with_picture.create_request("en", portal_url="https://portal.example.com", header_handle="4::aW1h")
    assert request["components"][0] == {
        "type": "HEADER",
        "format": "IMAGE",
        "example": {"header_handle": ["4::aW1h"]},
    }
    assert "message_send_ttl_seconds" not in request


def test_a_message_has_a_parameter_for_every_variable(with_text):
    assert with_text.send_components(VALUES) == [
        {"type": "header", "parameters": [{"type": "text", "text": "Saree"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Rajesh"}, {"type": "text", "text": "prun_7"}]},
        {
            "type": "button",
            "sub_type": "url",
            "index": "0",
            "parameters": [{"type": "text", "text": "prun_7?wa_token=a.b-c_d"}],
        },
    ]


def test_a_message_has_the_picture_and_the_buttons_own_place(with_picture):
    header, _, button = with_picture.send_components(VALUES, image_link=PICTURE)
    assert header == {"type": "header", "parameters": [{"type": "image", "image": {"link": PICTURE}}]}
    assert button["index"] == "1"


def test_a_template_without_variables_needs_no_components(write_template):
    folder = write_template(
        {
            "template.toml": 'category = "UTILITY"\nvariables = []\n',
            "body.en.j2": "Nothing to do today.\n",
            "body.hi.j2": None,
        }
    )
    assert only(folder).create_request("en")["components"] == [{"type": "BODY", "text": "Nothing to do today."}]
    assert only(folder).send_components({}) == []


def test_a_header_without_a_variable_needs_no_parameter(write_template):
    folder = write_template(
        {
            "template.toml": 'category = "UTILITY"\nvariables = []\nheader.format = "TEXT"\n',
            "body.en.j2": '{#\nheader = "News"\n-#}\nNothing to do today.\n',
            "body.hi.j2": None,
        }
    )
    assert only(folder).create_request("en")["components"][0] == {"type": "HEADER", "format": "TEXT", "text": "News"}
    assert only(folder).send_components({}) == []


@pytest.mark.parametrize(
    ("suffix", "sent"),
    [
        ("prun_7?wa_token=a.b-c_d", "prun_7?wa_token=a.b-c_d"),
        ("a b:c|d", "a%20b%3Ac%7Cd"),
        ("कुर्ता", "%E0%A4%95%E0%A5%81%E0%A4%B0%E0%A5%8D%E0%A4%A4%E0%A4%BE"),
        ("100%", "100%25"),
        ("run%2F7?of=100%&so=%E0%A4%95", "run%2F7?of=100%25&so=%E0%A4%95"),
    ],
)
def test_the_end_of_a_url_is_percent_encoded(with_text, suffix, sent):
    button = with_text.send_components({**VALUES, "run_link": suffix})[-1]
    assert button["parameters"] == [{"type": "text", "text": sent}]


def test_a_links_end_is_not_cut(with_text):
    long = "prun_7?wa_token=" + "a" * 700
    assert with_text.send_components({**VALUES, "run_link": long})[-1]["parameters"][0]["text"] == long


def test_a_headers_value_keeps_the_header_within_sixty_characters(with_text):
    cleaned = with_text.clean({**VALUES, "design_name": "x" * 100})
    assert len(f"डिज़ाइन {cleaned['design_name']}") == 60, "in the language whose own words are longest"


def test_a_message_is_planned_before_its_link_is_made(with_text):
    planned = {name: value for name, value in VALUES.items() if name != "run_link"}
    assert with_text.clean(planned) == planned
    assert with_text.text("en", planned) == "Hi Rajesh, production run prun_7 waits for your answer."


@pytest.mark.parametrize("link", [None, ""])
def test_a_missing_link_is_named_when_the_message_is_sent(with_text, link):
    values = {name: value for name, value in {**VALUES, "run_link": link}.items() if value is not None}
    with pytest.raises(TemplateError, match=r'^Template run_waits_v2 has no value for its variable "run_link"\.$'):
        with_text.send_components(values)


def test_a_missing_picture_is_named(with_picture):
    with pytest.raises(TemplateError, match=r"^Template run_waits_v2 needs a picture for its header\.$"):
        with_picture.send_components(VALUES)
    with pytest.raises(
        TemplateError, match=r"^run_waits_v2/template\.toml: the handle of the uploaded example picture"
    ):
        with_picture.create_request("en", portal_url="https://portal.example.com")


def test_a_missing_portal_is_named(with_text):
    with pytest.raises(TemplateError, match=r"needs the host of the connection partner_portal \(or --url\)\.$"):
        with_text.create_request("en")


@pytest.mark.parametrize("portal", ["partners.example", "ftp://partners.example", "https://", "https://a.example/?x=1"])
def test_a_portal_that_is_no_web_address_is_named(with_text, portal):
    with pytest.raises(TemplateError, match=r"a web address as the host of the connection partner_portal, such as"):
        with_text.create_request("en", portal_url=portal)


@pytest.mark.parametrize("example", ["r", "prun_01ABC"])
def test_a_url_keeps_within_metas_limit(write_template, example):
    definition = BUTTON_ONLY.format(example)
    template = only(write_template({"template.toml": definition, "body.en.j2": BUTTON_BODY, "body.hi.j2": None}))
    longest = 2000 - len("/p/") - max(len("{{1}}"), len(example))
    portal = "https://portal.example.com/".ljust(longest, "x")
    assert template.create_request("en", portal_url=portal)
    with pytest.raises(TemplateError, match=r"a button's URL is over 2000 characters; shorten its path\.$"):
        template.create_request("en", portal_url=portal + "x")


def test_a_footer_is_jinja_too(write_template):
    files = {
        "template.toml": 'category = "UTILITY"\nvariables = []\n',
        "body.en.j2": "{#\nfooter = '{% raw %}Bye{% endraw %}'\n-#}\nNothing to do today.\n",
        "body.hi.j2": None,
    }
    assert only(write_template(files)).create_request("en")["components"][1] == {"type": "FOOTER", "text": "Bye"}


def test_a_button_that_opens_the_portal_says_so(with_text):
    assert (with_text.picture, with_text.needs_portal) == (None, True)


def test_the_picture_to_upload_is_the_headers(with_picture):
    assert with_picture.picture.name == "header.png"


def test_templates_can_share_a_picture_that_lies_beside_them(write_template):
    shared = WITH_PICTURE.replace("header.png", "../shared.png")
    folder = write_template({"template.toml": shared, "body.en.j2": ENGLISH, "body.hi.j2": None})
    (folder / "shared.png").write_bytes((TEMPLATES / "block-print.png").read_bytes())
    assert only(folder).picture == folder / "shared.png"
