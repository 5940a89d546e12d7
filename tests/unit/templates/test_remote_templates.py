"""What Meta says of a template, and how little it takes to understand it."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.templates.catalog import load_catalog
from whatsapp_provider.templates.remote import (
    RemoteTemplate,
    Standing,
    parameter_count,
    remote_template,
    standing,
)

BODY = {"type": "BODY", "text": "Hi {{1}}, run {{2}} waits.", "example": {"body_text": [["a", "b"]]}}
WHOLE: dict[str, Any] = {
    "id": "900000000000001",
    "name": "run_waits_v1",
    "language": "en",
    "status": "REJECTED",
    "category": "UTILITY",
    "previous_category": "MARKETING",
    "components": [BODY],
    "quality_score": {"score": "GREEN", "date": 1_700_000_000},
    "rejected_reason": "TAG_CONTENT_MISMATCH",
    "message_send_ttl_seconds": 43_200,
}


def test_everything_that_is_said_is_read():
    assert remote_template(WHOLE) == RemoteTemplate(
        id="900000000000001",
        name="run_waits_v1",
        language="en",
        status="REJECTED",
        category="UTILITY",
        quality="GREEN",
        reason="TAG_CONTENT_MISMATCH",
        components=(BODY,),
        ttl_seconds=43_200,
        previous_category="MARKETING",
    )


def test_nothing_that_is_said_is_understood_as_nothing():
    assert remote_template({}) == RemoteTemplate(id="", name="", language="", status="")
    assert remote_template({}).parameter_count is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"language": "en-US"}, {"language": "en_US"}),
        ({"id": 900000000000001}, {"id": "900000000000001"}),
        ({"category": "utility"}, {"category": "UTILITY"}),
        ({"rejected_reason": "NONE"}, {"reason": ""}),
        ({"rejected_reason": None}, {"reason": ""}),
        ({"quality_score": "YELLOW"}, {"quality": "YELLOW"}),
        ({"quality_score": None}, {"quality": ""}),
        ({"components": None}, {"components": ()}),
        ({"components": ["BODY"]}, {"components": ()}),
        ({"message_send_ttl_seconds": "43200"}, {"ttl_seconds": None}),
        ({"status": "SOMETHING_NEW"}, {"status": "SOMETHING_NEW", "standing": Standing.BLOCKED}),
    ],
)
def test_what_meta_leaves_out_or_words_anew_is_understood(given, read):
    remote = remote_template({**WHOLE, **given})
    assert {name: getattr(remote, name) for name in read} == read


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("APPROVED", Standing.APPROVED),
        ("PENDING", Standing.UNDER_REVIEW),
        ("IN_APPEAL", Standing.UNDER_REVIEW),
        ("REJECTED", Standing.REJECTED),
        ("PAUSED", Standing.PAUSED),
        ("DELETED", Standing.GONE),
        *((status, Standing.BLOCKED) for status in ("DISABLED", "PENDING_DELETION", "LIMIT_EXCEEDED", "ARCHIVED")),
        *((status, Standing.APPROVED) for status in ("FLAGGED", "REINSTATED", "UNARCHIVED")),
        *((status, Standing.BLOCKED) for status in ("LOCKED", "approved", "")),
    ],
)
def test_only_what_is_called_approved_is_approved(status, meaning):
    assert standing(status) is meaning


@pytest.mark.parametrize(
    ("components", "count"),
    [
        ([{"type": "BODY", "text": "Nothing to do."}], 0),
        ([BODY], 2),
        ([{"type": "body", "text": "{{1}} and {{1}} and {{name}}"}], 2),
        ([{"type": "HEADER", "format": "TEXT", "text": "Run"}, BODY], 2),
        ([{"type": "HEADER", "format": "TEXT", "text": "Run {{1}}"}, BODY], 3),
        ([{"type": "HEADER", "format": "IMAGE"}, BODY], 3),
        ([BODY, {"type": "FOOTER", "text": "{{1}}"}], 2),
        ([BODY, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Open", "url": "https://a.example/"}]}], 2),
        ([BODY, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go", "url": "https://a.example/{{1}}"}]}], 3),
        ([BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]}], 2),
        ([BODY, {"type": "BUTTONS", "buttons": None}], 2),
        ([BODY, {"type": "CAROUSEL"}], 2),
    ],
)
def test_parameters_are_counted(components, count):
    assert parameter_count(components) == count


def test_the_catalog_counts_as_meta_does():
    for template in load_catalog(TEMPLATES):
        for language in template.languages:
            request = template.create_request(language, portal_url="https://partners.example", header_handle="4::aW1h")
            assert parameter_count(request["components"]) == template.parameter_count
