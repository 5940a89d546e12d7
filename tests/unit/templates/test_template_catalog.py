"""The seed's templates in the catalog, and what can be made of a template."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.templates.catalog import load_catalog
from whatsapp_provider.templates.cleaning import whatsapp_length
from whatsapp_provider.templates.definition import TemplateError

SEED_BODIES = sorted((Path(__file__).parent / "seed_bodies").glob("*.json"))
PENDING = "jyt_production_run_reminder_pending_v1"
NOT_STARTED = "jyt_production_run_reminder_not_started_v1"
IDLE = "jyt_production_run_reminder_idle_v1"
REMINDERS_V2 = (
    "jyt_production_run_reminder_pending_v2",
    "jyt_production_run_reminder_not_started_v2",
    "jyt_production_run_reminder_idle_v2",
)
REMINDERS_V3 = tuple(f"{name[:-1]}3" for name in REMINDERS_V2)
ASSIGNED = "jyt_production_run_assigned_v1"
CANCELLED = "jyt_production_run_cancelled_v1"
COMPLETED = "jyt_production_run_completed_v1"
DIGEST = "jyt_production_run_digest_v1"
PORTAL = "https://partners.example"
VALUES = {
    "partner_name": "Rajesh",
    "design_name": "Kurta",
    "run_id": "prod_run_01ABC",
    "days": "2",
    "counts": "3 runs await your answer, 1 is not started, 1 is quiet",
    "waiting": "5 days",
    "produced_quantity": "120",
    "quantity": "250",
    "notes": "The order was withdrawn",
    "run_link": "prod_run_01ABC?wa_token=a.b-c_d",
}


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(TEMPLATES)


def template(catalog, name):
    return catalog.get(name)


def test_the_seed_has_six_bodies():
    assert len(SEED_BODIES) == 6


@pytest.mark.parametrize("path", SEED_BODIES, ids=lambda path: path.stem)
def test_a_create_request_equals_the_seeds_body_but_for_the_time_to_live(catalog, path):
    seed = json.loads(path.read_text(encoding="utf-8"))
    request = template(catalog, seed["name"]).create_request(seed["language"])
    assert request.pop("message_send_ttl_seconds") == 12 * 3600
    assert request == seed


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        (PENDING, ("partner_name", "design_name", "run_id", "days")),
        (NOT_STARTED, ("partner_name", "design_name", "run_id", "days")),
        (IDLE, ("partner_name", "design_name", "run_id", "produced_quantity", "quantity")),
        (ASSIGNED, ("partner_name", "design_name", "quantity", "run_id")),
        (DIGEST, ("partner_name", "counts", "design_name", "run_id", "waiting")),
        (CANCELLED, ("partner_name", "run_id", "design_name", "notes")),
        (COMPLETED, ("partner_name", "run_id", "design_name", "produced_quantity")),
    ],
)
def test_the_shops_variables_are_in_the_shops_order(catalog, name, variables):
    one = template(catalog, name)
    assert one.variables == variables
    assert one.languages == ("en", "hi")
    assert one.parameters(VALUES) == tuple(VALUES[variable] for variable in variables)


def test_the_catalog_names_its_templates(catalog):
    assert {PENDING, NOT_STARTED, IDLE, *REMINDERS_V2, *REMINDERS_V3, ASSIGNED, CANCELLED, COMPLETED, DIGEST} == set(
        catalog.names
    )
    assert list(catalog.names) == sorted(catalog.names) == [one.name for one in catalog]
    assert catalog.get("jyt_unknown_v1") is None


def test_every_daily_reminder_lives_twelve_hours_at_most(catalog):
    reminders = [one for one in catalog if "reminder" in one.name or one.name == DIGEST]
    assert len(reminders) == 10
    assert all(one.ttl_seconds is not None and one.ttl_seconds <= 12 * 3600 for one in reminders)


def test_hindi_says_the_total_before_the_progress(catalog):
    text = template(catalog, IDLE).text("hi", VALUES)
    assert "*प्रगति:* 250 में से 120 पीस पूरे" in text
    assert "*Progress:* 120 of 250 pieces produced" in template(catalog, IDLE).text("en", VALUES)


@pytest.mark.parametrize(
    ("name", "language", "label"),
    [
        *((name, "en", "Open run") for name in (*REMINDERS_V2, ASSIGNED)),
        *((name, "hi", "रन खोलें") for name in (*REMINDERS_V2, ASSIGNED)),
        (DIGEST, "en", "Open this run"),
        (DIGEST, "hi", "यह रन खोलें"),
    ],
)
def test_a_button_opens_the_run(catalog, name, language, label):
    one = template(catalog, name)
    run_id = one.translations[language].examples["run_id"]
    request = one.create_request(language, portal_url=PORTAL, header_handle="4::aW1h")
    assert request["components"][-1]["buttons"] == [
        {
            "type": "URL",
            "text": label,
            "url": "https://partners.example/production-runs/{{1}}",
            "example": [f"https://partners.example/production-runs/{run_id}"],
        }
    ]
    sent = one.send_components(VALUES, image_link="https://cdn.example/saree.jpg")[-1]
    assert sent["parameters"] == [{"type": "text", "text": "prod_run_01ABC?wa_token=a.b-c_d"}]


@pytest.mark.parametrize("name", REMINDERS_V2)
def test_a_reminder_of_the_second_family_shows_the_design(catalog, name):
    one = template(catalog, name)
    assert one.create_request("hi", portal_url=PORTAL, header_handle="4::aW1h")["components"][0] == {
        "type": "HEADER",
        "format": "IMAGE",
        "example": {"header_handle": ["4::aW1h"]},
    }
    assert one.picture.stat().st_size < 60_000


@pytest.mark.parametrize("name", [CANCELLED, COMPLETED])
def test_what_ends_a_run_is_a_text_alone(catalog, name):
    for language in ("en", "hi"):
        assert [component["type"] for component in template(catalog, name).create_request(language)["components"]] == [
            "BODY"
        ]


def test_every_message_names_its_run_and_is_no_advertisement(catalog):
    for one in catalog:
        assert one.category == "UTILITY"
        assert one.languages == ("en", "hi")
        for language in one.languages:
            text = one.text(language, VALUES)
            assert "prod_run_01ABC" in text
            assert not re.search(r"(?i)\b(?:offer|discount|bonus|free|win|reward|hurry)\b|इनाम|छूट|ऑफ़र|मुफ़्त", text)


def test_the_parameters_are_counted_as_they_are_sent(catalog):
    for one in catalog:
        components = one.send_components(VALUES, image_link="https://cdn.example/saree.jpg")
        assert sum(len(component["parameters"]) for component in components) == one.parameter_count


def test_the_whole_text_is_what_the_recipient_reads(catalog):
    assert template(catalog, PENDING).text("en", VALUES) == (
        "Hi Rajesh, a quick reminder — production run prod_run_01ABC for design Kurta has been waiting for your"
        " response."
        "\n\n*Waiting since:* 2 day(s) ago\n\n"
        "Please open the partner portal and tap Accept or Decline so we can plan the next steps."
        " Reply here if you need help."
    )


def test_a_value_is_not_escaped_and_not_read_as_a_template(catalog):
    values = {**VALUES, "partner_name": 'A&B <Silk> "Co" {{ run_id }} {% x %}'}
    assert 'Hi A&B <Silk> "Co" {{ run_id }} {% x %}, a quick' in template(catalog, PENDING).text("en", values)


def test_the_components_of_a_message_are_the_bodys_parameters(catalog):
    assert template(catalog, PENDING).send_components(VALUES) == [
        {
            "type": "body",
            "parameters": [{"type": "text", "text": text} for text in ("Rajesh", "Kurta", "prod_run_01ABC", "2")],
        }
    ]


def test_a_missing_value_is_named(catalog):
    one = template(catalog, PENDING)
    values = {name: value for name, value in VALUES.items() if name != "days"}
    asked = [
        lambda: one.clean(values),
        lambda: one.text("en", values),
        lambda: one.parameters(values),
        lambda: one.send_components(values),
    ]
    for ask in asked:
        with pytest.raises(TemplateError, match=f'^Template {PENDING} has no value for its variable "days"'):
            ask()


def test_a_missing_language_is_named(catalog):
    one = template(catalog, PENDING)
    for ask in (lambda: one.text("it", VALUES), lambda: one.create_request("it")):
        with pytest.raises(TemplateError, match=f"^Template {PENDING} has no it, only en, hi"):
            ask()


def test_clean_keeps_the_templates_own_variables(catalog):
    values = {**VALUES, "partner_name": " Rajesh\n\tTextiles ", "design_name": "\u200b"}
    assert template(catalog, PENDING).clean(values) == {
        "partner_name": "Rajesh Textiles",
        "design_name": "-",
        "run_id": "prod_run_01ABC",
        "days": "2",
    }


def test_a_name_of_5000_characters_is_cut_and_a_run_id_is_not(catalog):
    run_id = "prod_run_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    values = {**VALUES, "partner_name": "ख" * 5000, "design_name": "🧵" * 5000, "run_id": run_id}
    for one in catalog:
        assert one.clean(values)["run_id"] == run_id
        for language in one.languages:
            assert whatsapp_length(one.text(language, values)) <= 1024


ANY_VALUES = st.fixed_dictionaries(dict.fromkeys(VALUES, st.one_of(st.text(), st.text(min_size=500, max_size=600))))


@given(ANY_VALUES)
def test_whatever_the_values_are_meta_takes_them(catalog, values):
    for one in catalog:
        cleaned = one.clean(values)
        assert one.clean(cleaned) == cleaned
        parameters = one.parameters(values)
        for parameter in parameters:
            assert parameter.strip()
            assert not re.search(r"[\n\t]| {5}", parameter)
            parameter.encode()
        for language in one.languages:
            assert whatsapp_length(one.text(language, values)) <= 1024


@given(ANY_VALUES)
def test_what_meta_fills_in_is_what_the_log_shows(catalog, values):
    for one in catalog:
        for language in one.languages:
            request = one.create_request(language, portal_url=PORTAL, header_handle="4::aW1h")
            (body,) = (component for component in request["components"] if component["type"] == "BODY")
            components = one.send_components({**values, "run_link": "r"}, image_link="https://cdn.example/saree.jpg")
            (sent,) = (component["parameters"] for component in components if component["type"] == "body")
            filled = re.sub(r"\{\{(\d+)\}\}", lambda match: sent[int(match[1]) - 1]["text"], body["text"])  # noqa: B023
            assert filled == one.text(language, values)
            assert len(sent) == len(body["example"]["body_text"][0])


@pytest.mark.parametrize(
    "name", [PENDING, NOT_STARTED, IDLE, *REMINDERS_V2, *REMINDERS_V3, ASSIGNED, CANCELLED, COMPLETED, DIGEST]
)
@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_body_file_is_plain_jinja2(catalog, name, language):
    source = (TEMPLATES / name / f"body.{language}.j2").read_text(encoding="utf-8")
    rendered = Environment(undefined=StrictUndefined, autoescape=True).from_string(source).render(VALUES)
    assert rendered == template(catalog, name).text(language, VALUES)


def test_one_more_language_is_one_more_file(write_template):
    italian = "Ciao {{ partner_name }}, la produzione {{ run_id }} aspetta ancora la tua risposta.\n"
    definition = (
        'category = "UTILITY"\nvariables = ["partner_name", "run_id"]\n[examples]\npartner_name = "R"\nrun_id = "r1"\n'
    )
    english = "Hi {{ partner_name }}, production run {{ run_id }} waits for your answer.\n"
    folder = write_template({"template.toml": definition, "body.en.j2": english, "body.hi.j2": None})
    assert load_catalog(folder).get("run_waits_v2").languages == ("en",)
    (folder / "run_waits_v2" / "body.it.j2").write_text(italian, encoding="utf-8")
    (one,) = load_catalog(folder)
    assert one.languages == ("en", "it")
    assert (
        one.text("it", {"partner_name": "Rossi", "run_id": "r7"})
        == "Ciao Rossi, la produzione r7 aspetta ancora la tua risposta."
    )
    assert one.create_request("it")["components"] == [
        {
            "type": "BODY",
            "text": "Ciao {{1}}, la produzione {{2}} aspetta ancora la tua risposta.",
            "example": {"body_text": [["R", "r1"]]},
        }
    ]
