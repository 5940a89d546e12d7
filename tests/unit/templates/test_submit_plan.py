"""The plan: a table of what each account has against what the catalog says it should have."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.templates.catalog import load_catalog
from whatsapp_provider.templates.comparison import Part
from whatsapp_provider.templates.definition import TemplateError
from whatsapp_provider.templates.language_policy import Account, LanguagePolicyError
from whatsapp_provider.templates.remote import RemoteTemplate, remote_template
from whatsapp_provider.templates.submit_plan import (
    Action,
    PlanRow,
    edit_request,
    plan_submission,
    plan_table,
    to_json,
)

INDIA, EUROPE = Account("IN", "211"), Account("Europe", "213")
PORTAL = "https://partners.example"
PICTURE_THERE = "https://scontent.whatsapp.net/v/t61/1?sample=4"

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def template(write_template):
    """With a text header, a footer, a URL button and a quick reply, in English and Hindi."""
    (one,) = load_catalog(write_template())
    return one


def as_listed(template, language="en", **said):
    """How a list shows what was created from the catalog, approved."""
    request = template.create_request(language, portal_url=PORTAL, header_handle="4::aW1h")
    plain = {"id": "900", "status": "APPROVED", "quality_score": {"score": "UNKNOWN"}, "rejected_reason": "NONE"}
    return copy.deepcopy({**request, **plain, **said})


def planned(template, *listed, portal_url=PORTAL):
    """The row of the English text, of an account that is to have English alone."""
    remote = [remote_template(one) for one in listed]
    rows = plan_submission([template], {INDIA: remote}, {INDIA: ("en",)}, portal_url=portal_url)
    (row,) = (row for row in rows if row.language == "en")
    return row


def component(listed, kind):
    return next(one for one in listed["components"] if one["type"] == kind)


def test_what_an_account_lacks_is_created(template):
    assert planned(template) == PlanRow(INDIA, "run_waits_v2", "en", Action.CREATE)


def test_what_is_there_as_in_the_catalog_is_the_same(template):
    row = planned(template, as_listed(template, quality_score={"score": "GREEN"}))
    assert row == PlanRow(INDIA, "run_waits_v2", "en", Action.SAME, "900", "APPROVED", "UTILITY", "GREEN")
    assert row.needs_human is None
    assert not row.submits_components


def by_name(listed):
    """The same text as a person would have made it by hand at Meta."""
    body = component(listed, "BODY")
    body["text"] = re.sub(r"\{\{(\d)\}\}", lambda match: "{{" + "abcdefghi"[int(match[1])] + "}}", body["text"])
    return listed


@pytest.mark.parametrize("status", ["APPROVED", "PENDING", "REJECTED", "PAUSED"])
@pytest.mark.parametrize("told", [True, False], ids=["as Meta says", "by its text"])
def test_what_was_made_with_named_parameters_is_blocked_and_calls_for_a_person(template, status, told):
    listed = as_listed(template, status=status)

    row = planned(template, {**listed, "parameter_format": "NAMED"} if told else by_name(listed))

    assert (row.action, row.editable) == (Action.BLOCKED, frozenset())
    assert "run_waits_v2 (en) was made with named parameters" in row.needs_human


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("PENDING", Action.PENDING),
        ("IN_APPEAL", Action.PENDING),
        ("REJECTED", Action.REJECTED),
        ("PAUSED", Action.PAUSED),
        ("DISABLED", Action.BLOCKED),
        ("PENDING_DELETION", Action.BLOCKED),
        ("SOMETHING_NEW", Action.BLOCKED),
        ("DELETED", Action.CREATE),
    ],
)
def test_what_meta_says_of_it_comes_before_how_it_compares(template, status, action):
    for body in ("Hi {{1}}, production run {{2}} waits for your answer.", "Something else."):
        listed = as_listed(template, status=status)
        component(listed, "BODY")["text"] = body
        assert planned(template, listed).action is action


def test_what_was_deleted_does_not_hide_what_has_replaced_it(template):
    deleted, replaced = as_listed(template, id="1", status="DELETED"), as_listed(template, id="2")
    for listed in ((deleted, replaced), (replaced, deleted)):
        assert planned(template, *listed).id == "2"


IRRELEVANT: list[tuple[str, Change]] = [
    ("examples", lambda listed: [one.pop("example", None) for one in listed["components"]]),
    ("a button's example", lambda listed: component(listed, "BUTTONS")["buttons"][0].pop("example")),
    ("the order of components", lambda listed: listed["components"].reverse()),
    (
        "the order of keys",
        lambda listed: listed.update(components=[dict(reversed(list(one.items()))) for one in listed["components"]]),
    ),
    ("lower case", lambda listed: [one.update(type=one["type"].lower()) for one in listed["components"]]),
    ("a key that is new", lambda listed: component(listed, "BODY").update(add_security_recommendation=False)),
    (
        "the end of lines",
        lambda listed: component(listed, "BODY").update(text=component(listed, "BODY")["text"] + "\r\n"),
    ),
    ("a hyphen in the language", lambda listed: listed.update(language="en")),
    ("an unknown category", lambda listed: listed.pop("category")),
    ("components that were not asked for", lambda listed: listed.pop("components")),
]


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in IRRELEVANT])
def test_what_makes_no_difference_to_a_reader_is_none(template, change):
    listed = as_listed(template)
    change(listed)
    assert planned(template, listed).action is Action.SAME


def test_one_letter_written_in_two_ways_is_one_letter(write_template):
    in_one, in_two = "\u095b", "\u091c\u093c"  # ज़
    (template,) = load_catalog(write_template())
    listed = as_listed(template, "hi")
    assert in_two in component(listed, "HEADER")["text"]
    for one in listed["components"]:
        one["text"] = one.get("text", "").replace(in_two, in_one)
    rows = plan_submission([template], {INDIA: [remote_template(listed)]}, {INDIA: ("hi",)}, portal_url=PORTAL)
    assert [row.action for row in rows if row.language == "hi"] == [Action.SAME]


DIFFERENT: list[tuple[str, Change, str]] = [
    (
        "the body",
        lambda listed: component(listed, "BODY").update(text="Hi {{1}}, production run {{2}} has been waiting."),
        'body: "…n run {{2}} has been waiting." there, "…n run {{2}} waits for your answer." here',
    ),
    (
        "the header's text",
        lambda listed: component(listed, "HEADER").update(text="Run {{1}}"),
        'header: "TEXT Run {{1}}" there, "TEXT Design {{1}}" here',
    ),
    (
        "the header's format",
        lambda listed: listed["components"].__setitem__(0, {"type": "HEADER", "format": "IMAGE"}),
        'header: "IMAGE" there, "TEXT Design {{1}}" here',
    ),
    ("no header", lambda listed: listed["components"].pop(0), 'header: none there, "TEXT Design {{1}}" here'),
    (
        "the footer",
        lambda listed: component(listed, "FOOTER").update(text="Bye"),
        'footer: "Bye" there, "Reply STOP to end these messages" here',
    ),
    (
        "a button's label",
        lambda listed: component(listed, "BUTTONS")["buttons"][1].update(text="Help"),
        'buttons: "…QUICK_REPLY Help" there, "…QUICK_REPLY I need help" here',
    ),
    (
        "a button's URL",
        lambda listed: component(listed, "BUTTONS")["buttons"][0].update(
            url="https://old.example/production-runs/{{1}}"
        ),
        'buttons: "…run https://old.example/production-runs/…" there, '
        '"…run https://partners.example/production-…" here',
    ),
    (
        "a button less",
        lambda listed: component(listed, "BUTTONS")["buttons"].pop(),
        'buttons: "…n-runs/{{1}}" there, "…n-runs/{{1}}, QUICK_REPLY I need help" here',
    ),
    (
        "a time to live",
        lambda listed: listed.update(message_send_ttl_seconds=3600),
        "time to live: 3600 s there, 43200 s here",
    ),
    (
        "no time to live",
        lambda listed: listed.pop("message_send_ttl_seconds"),
        "time to live: Meta's default there, 43200 s here",
    ),
    ("the category", lambda listed: listed.update(category="MARKETING"), "category: MARKETING there, UTILITY here"),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(change, said, id=name) for name, change, said in DIFFERENT])
def test_what_differs_is_told_from_where_it_differs(template, change, said):
    listed = as_listed(template)
    change(listed)
    row = planned(template, listed)
    assert row.action is Action.DIFFERS
    assert [str(one) for one in row.differences] == [said]
    assert said in row.note


def test_an_unknown_portal_is_not_compared(template):
    listed = as_listed(template)
    component(listed, "BUTTONS")["buttons"][0]["url"] = "https://old.example/production-runs/{{1}}"
    assert planned(template, listed, portal_url=None).action is Action.SAME


def test_a_portal_that_is_none_is_an_error(template):
    with pytest.raises(TemplateError, match="partner_portal"):
        planned(template, as_listed(template), portal_url="partners.example")


def test_a_template_without_a_time_to_live_has_no_opinion_on_it(write_template):
    (cancelled,) = (one for one in load_catalog(TEMPLATES) if one.name == "jyt_production_run_cancelled_v1")
    assert planned(cancelled, as_listed(cancelled, message_send_ttl_seconds=3600)).action is Action.SAME


def test_a_picture_is_given_back_as_an_address_and_is_no_difference():
    (pending,) = (one for one in load_catalog(TEMPLATES) if one.name == "jyt_production_run_reminder_pending_v2")
    listed = as_listed(pending)
    component(listed, "HEADER")["example"] = {"header_handle": [PICTURE_THERE]}
    assert planned(pending, listed).action is Action.SAME


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ({"category": "MARKETING"}, "it was submitted as UTILITY and came back as MARKETING"),
        (
            {"category": "MARKETING", "previous_category": "UTILITY"},
            "Meta has moved it from UTILITY to MARKETING",
        ),
        ({"quality_score": {"score": "RED"}}, "recipients block or report it: Meta may pause it"),
        (
            {"components": [{"type": "BODY", "text": "Hi {{1}}, your run waits."}]},
            "it is approved with 1 parameter, the catalog has 4: it is not sent",
        ),
    ],
)
def test_what_is_there_but_cannot_or_may_soon_not_be_sent_is_warned_of(template, said, warning):
    row = planned(template, as_listed(template, **said))
    assert row.warning == warning
    assert f"WARNING: {warning}" in row.note


def test_a_language_that_the_policy_does_not_ask_for_is_shown_and_left_alone(template):
    languages = {INDIA: ("en", "hi"), EUROPE: ("en",)}
    there = [remote_template(as_listed(template, "hi", status="PAUSED"))]
    rows = plan_submission([template], {INDIA: [], EUROPE: there}, languages, portal_url=PORTAL)
    assert [(row.account, row.language, row.action, row.status) for row in rows] == [
        (INDIA, "en", Action.CREATE, ""),
        (INDIA, "hi", Action.CREATE, ""),
        (EUROPE, "en", Action.CREATE, ""),
        (EUROPE, "hi", Action.NOT_FOR_THIS_ACCOUNT, "PAUSED"),
    ]
    assert not rows[-1].submits_components


def test_what_only_the_account_knows_is_shown_and_left_alone(template):
    remote = [
        RemoteTemplate("1", "order_ready", "en", "APPROVED", "MARKETING"),
        RemoteTemplate("2", "run_waits_v2", "gu", "REJECTED", "UTILITY", reason="SCAM"),
    ]
    rows = plan_submission([template], {INDIA: remote}, {INDIA: ("en", "hi")}, portal_url=PORTAL)
    assert [(row.name, row.language, row.action, row.status, row.reason, row.needs_human) for row in rows[2:]] == [
        ("order_ready", "en", Action.UNKNOWN_THERE, "APPROVED", "", None),
        ("run_waits_v2", "gu", Action.UNKNOWN_THERE, "REJECTED", "SCAM", None),
    ]


def test_an_account_that_could_not_be_read_is_not_planned(template):
    rows = plan_submission([template], {EUROPE: []}, {INDIA: ("en", "hi"), EUROPE: ("en",)})
    assert {row.account for row in rows} == {EUROPE}


def test_a_language_that_the_catalog_lacks_is_an_error_before_anything_is_planned(template):
    with pytest.raises(LanguagePolicyError, match=r"add include/templates/whatsapp/run_waits_v2/body\.it\.j2\."):
        plan_submission([template], {}, {INDIA: ("en", "it")})


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"status": "REJECTED", "rejected_reason": "TAG_CONTENT_MISMATCH"},
            "IN: run_waits_v2 (en) was rejected, TAG_CONTENT_MISMATCH:"
            " change its text in the catalog, then submit it with mode edit.",
        ),
        (
            {"status": "REJECTED", "components": [{"type": "BODY", "text": "{{1}}"}]},
            "IN: run_waits_v2 (en) was rejected, and the catalog has changed since: submit it with mode edit.",
        ),
        (
            {"status": "DISABLED"},
            "IN: run_waits_v2 (en) is DISABLED and cannot be sent: look at it in WhatsApp Manager.",
        ),
        ({"status": "PAUSED"}, None),
        ({"status": "PENDING"}, None),
        ({"category": "MARKETING"}, None),
    ],
)
def test_what_needs_a_human_says_so(template, said, sentence):
    assert planned(template, as_listed(template, **said)).needs_human == sentence


EDITS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("the same", {}, set()),
    ("another time to live", {"message_send_ttl_seconds": None}, {"message_send_ttl_seconds"}),
    ("another text", {"components": [{"type": "BODY", "text": "Hm."}]}, {"components"}),
    ("the category of an approved one", {"category": "MARKETING"}, set()),
    ("the category of a rejected one", {"category": "MARKETING", "status": "REJECTED"}, {"category"}),
    ("a rejected one that is the same", {"status": "REJECTED"}, set()),
    ("a paused one", {"status": "PAUSED", "components": [{"type": "BODY", "text": "Hm."}]}, {"components"}),
    ("one under review", {"status": "PENDING", "components": [{"type": "BODY", "text": "Hm."}]}, set()),
    ("a disabled one", {"status": "DISABLED", "components": [{"type": "BODY", "text": "Hm."}]}, set()),
]


@pytest.mark.parametrize(("said", "keys"), [pytest.param(said, keys, id=name) for name, said, keys in EDITS])
def test_an_edit_changes_what_differs_and_nothing_that_meta_does_not_let_be_changed(template, said, keys):
    row = planned(template, as_listed(template, **said))
    request = edit_request(row, template, portal_url=PORTAL)
    whole = template.create_request("en", portal_url=PORTAL)
    assert request == {key: whole[key] for key in keys}
    assert bool(row.editable) == bool(keys)
    assert row.submits_components == ("components" in keys)


def test_an_edit_of_the_time_to_live_needs_no_portal_and_no_picture():
    (pending,) = (one for one in load_catalog(TEMPLATES) if one.name == "jyt_production_run_reminder_pending_v2")
    row = planned(pending, as_listed(pending, message_send_ttl_seconds=60))
    assert row.editable == {Part.TIME_TO_LIVE}
    assert edit_request(row, pending) == {"message_send_ttl_seconds": 43_200}


def sample_plan(template):
    remote = [
        remote_template(as_listed(template, category="MARKETING", quality_score={"score": "RED"})),
        remote_template(as_listed(template, "hi", status="REJECTED", rejected_reason="SCAM")),
        RemoteTemplate("7", "order_ready", "en_US", "APPROVED", "MARKETING", "GREEN"),
    ]
    languages = {INDIA: ("en", "hi"), EUROPE: ("en",)}
    return plan_submission([template], {INDIA: remote, EUROPE: []}, languages, portal_url=PORTAL)


def test_the_table_is_aligned_account_by_account(template):
    assert plan_table(sample_plan(template)).splitlines() == [
        "IN (211): 1 differs, 1 rejected, 1 unknown_there",
        "  template      language  action                status    category   quality  note",
        "  run_waits_v2  en        differs               APPROVED  MARKETING  RED      "
        "category: MARKETING there, UTILITY here; WARNING: it was submitted as UTILITY and came back as MARKETING;"
        " recipients block or report it: Meta may pause it",
        "  run_waits_v2  hi        rejected              REJECTED  UTILITY    UNKNOWN  SCAM",
        "  order_ready   en_US     unknown_there         APPROVED  MARKETING  GREEN",
        "",
        "Europe (213): 1 create, 1 not_for_this_account",
        "  template      language  action                status    category   quality  note",
        "  run_waits_v2  en        create",
        "  run_waits_v2  hi        not_for_this_account",
    ]


def test_a_plan_of_nothing_is_an_empty_table():
    assert plan_table([]) == ""


def test_the_rows_are_json(template):
    rows = json.loads(json.dumps(to_json(sample_plan(template))))
    assert rows[0] == {
        "account": "IN",
        "waba_id": "211",
        "name": "run_waits_v2",
        "language": "en",
        "action": "differs",
        "id": "900",
        "status": "APPROVED",
        "category": "MARKETING",
        "quality": "RED",
        "reason": "",
        "differences": ["category: MARKETING there, UTILITY here"],
        "warning": "it was submitted as UTILITY and came back as MARKETING; recipients block or report it:"
        " Meta may pause it",
    }
    assert [row["action"] for row in rows] == [
        "differs",
        "rejected",
        "unknown_there",
        "create",
        "not_for_this_account",
    ]
