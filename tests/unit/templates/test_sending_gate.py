"""What may be sent, in which language, and why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from partner_messages.config.paths import TEMPLATES
from partner_messages.templates.approvals.gate import Approval, sendable_language, why_not_sendable
from whatsapp_provider.templates.catalog import load_catalog

SEEN = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
NAME = "jyt_production_run_reminder_pending_v1"
APPROVED = Approval("21", NAME, "en", "APPROVED", "UTILITY", "GREEN", "", 4, SEEN)


@pytest.fixture(scope="module")
def template():
    return load_catalog(TEMPLATES).get(NAME)


@pytest.mark.parametrize(
    "change",
    [{}, {"parameters": None}, {"category": ""}, {"quality": "RED"}, {"quality": ""}],
    ids=str,
)
def test_what_is_approved_as_it_is_in_the_catalog_can_be_sent(template, change):
    assert why_not_sendable(template, "en", replace(APPROVED, **change), allow_marketing=False) is None


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        ({"status": "PENDING"}, "under review (PENDING)"),
        ({"status": "IN_APPEAL"}, "under review (IN_APPEAL)"),
        ({"status": "REJECTED", "reason": "TAG_CONTENT_MISMATCH"}, "rejected: TAG_CONTENT_MISMATCH"),
        ({"status": "REJECTED"}, "rejected"),
        ({"status": "PAUSED"}, "paused"),
        ({"status": "DELETED"}, "not submitted (it was deleted there)"),
        ({"status": "DISABLED"}, "cannot be sent (DISABLED)"),
        ({"status": "SOMETHING_NEW"}, "cannot be sent (SOMETHING_NEW)"),
        ({"status": ""}, "cannot be sent (without a status)"),
        ({"category": "MARKETING"}, "is MARKETING, not UTILITY, as seen on 2026-11-20"),
        ({"category": "AUTHENTICATION"}, "is AUTHENTICATION, not UTILITY, as seen on 2026-11-20"),
        ({"parameters": 3}, "approved with 3 parameters, the catalog has 4"),
        ({"parameters": 1}, "approved with 1 parameter, the catalog has 4"),
        ({"named": True}, "made with named parameters, and only numbered ones are sent"),
        # What Meta says comes before what we would say.
        ({"status": "PAUSED", "category": "MARKETING", "parameters": 3}, "paused"),
    ],
)
def test_what_cannot_be_sent_is_told_in_one_clause(template, change, clause):
    assert why_not_sendable(template, "en", replace(APPROVED, **change), allow_marketing=False) == clause


def test_what_was_never_seen_was_not_submitted(template):
    assert why_not_sendable(template, "hi", None, allow_marketing=True) == "not submitted"


def test_what_the_catalog_lacks_cannot_be_sent_though_it_is_approved(template):
    assert why_not_sendable(template, "it", replace(APPROVED, language="it"), allow_marketing=True) == (
        "not in the catalog"
    )


@pytest.mark.parametrize(
    ("category", "reason"),
    [("MARKETING", None), ("AUTHENTICATION", "is AUTHENTICATION, not UTILITY, as seen on 2026-11-20")],
)
def test_the_setting_allows_marketing_and_nothing_else(template, category, reason):
    assert why_not_sendable(template, "en", replace(APPROVED, category=category), allow_marketing=True) == reason


def test_a_template_that_was_meant_as_marketing_needs_no_permission(template):
    offer = replace(template, category="MARKETING")
    for category in ("MARKETING", "UTILITY"):
        assert why_not_sendable(offer, "en", replace(APPROVED, category=category), allow_marketing=False) is None


def approvals(**statuses):
    return {language: replace(APPROVED, language=language, status=status) for language, status in statuses.items()}


@pytest.mark.parametrize(
    ("wanted", "readable", "there", "chosen"),
    [
        ("hi", [], {"en": "APPROVED", "hi": "APPROVED"}, "hi"),
        ("hi", [], {"en": "APPROVED", "hi": "PENDING"}, "en"),
        ("hi", [], {"en": "APPROVED"}, "en"),
        ("en", ["hi"], {"en": "PAUSED", "hi": "APPROVED"}, "hi"),
        ("en", [], {"en": "PAUSED", "hi": "APPROVED"}, None),
        ("hi", ["hi", "en"], {"en": "REJECTED", "hi": "DISABLED"}, None),
        ("hi", ["it"], {"it": "APPROVED", "en": "APPROVED"}, "en"),
        ("hi", [], {}, None),
    ],
)
def test_who_cannot_be_written_to_in_one_language_is_in_another_they_read_or_in_english(
    template, wanted, readable, there, chosen
):
    assert sendable_language(template, wanted, readable, approvals(**there)) == chosen


def test_marketing_is_a_fallback_only_where_the_setting_allows_it(template):
    there = {"en": replace(APPROVED, category="MARKETING")}
    assert sendable_language(template, "hi", [], there) is None
    assert sendable_language(template, "hi", [], there, allow_marketing=True) == "en"
