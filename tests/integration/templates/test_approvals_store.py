"""What is remembered of the templates on every account."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.templates.approvals.approvals import (
    mark_refused,
    read_approvals,
    read_listing,
    record_listing,
    record_template,
    record_unreadable,
)
from support.deployment import TICK

MINUTE = dt.timedelta(minutes=1)
WABA = "211"
NAME = "order_ready"


def listed(name=NAME, language="en", status="APPROVED", **more):
    return {
        "id": "900",
        "name": name,
        "language": language,
        "status": status,
        "category": "UTILITY",
        "quality_score": {"score": "GREEN"},
        "rejected_reason": "NONE",
        "components": [{"type": "BODY", "text": "Run {{1}} waits, {{2}}."}],
        **more,
    }


def test_a_listing_is_remembered_with_all_that_the_gate_asks(log):
    record_listing(log, WABA, [listed()], TICK)

    approval = read_approvals(log, [WABA]).of(WABA, NAME)["en"]

    assert (approval.status, approval.category, approval.quality, approval.reason) == (
        "APPROVED",
        "UTILITY",
        "GREEN",
        "",
    )
    assert (approval.parameters, approval.seen_at) == (2, TICK)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({}, False),
        ({"parameter_format": "POSITIONAL"}, False),
        ({"parameter_format": "NAMED"}, True),
        ({"components": [{"type": "BODY", "text": "Run {{run_id}} waits, {{partner_name}}."}]}, True),
        ({"components": [{"type": "HEADER", "format": "TEXT", "text": "{{run_id}}"}]}, True),
    ],
)
def test_whether_parameters_have_names_is_remembered(log, more, named):
    record_listing(log, WABA, [listed(**more)], TICK)

    assert read_approvals(log, [WABA]).of(WABA, NAME)["en"].named is named


def test_a_plan_reads_back_what_was_listed(log):
    record_listing(log, WABA, [listed(message_send_ttl_seconds=43_200)], TICK)

    (remote,) = read_listing(log, WABA)

    assert (remote.id, remote.ttl_seconds, remote.components[0]["text"]) == ("900", 43_200, "Run {{1}} waits, {{2}}.")


def test_what_an_account_no_longer_has_is_forgotten(log):
    record_listing(log, WABA, [listed(), listed(language="hi")], TICK)
    record_listing(log, WABA, [listed(language="hi")], TICK + MINUTE)

    assert set(read_approvals(log, [WABA]).of(WABA, NAME)) == {"hi"}


def test_accounts_do_not_mix(log):
    record_listing(log, WABA, [listed()], TICK)
    record_listing(log, "212", [], TICK)

    known = read_approvals(log, [WABA, "212"])

    assert "en" in known.of(WABA, NAME)
    assert "en" not in known.of("212", NAME)
    assert read_approvals(log, ["212"]).of(WABA, NAME) == {}


def test_an_account_without_templates_was_seen_too(log):
    record_listing(log, WABA, [], TICK)

    known = read_approvals(log, [WABA, "212"])

    assert (known.listed_at(WABA), known.listed_at("212")) == (TICK, None)


def test_an_account_that_could_not_be_read_keeps_what_was_known_of_it(log):
    record_listing(log, WABA, [listed()], TICK)
    record_unreadable(log, WABA, "whatsapp_in: the access token has expired.", TICK + MINUTE)

    known = read_approvals(log, [WABA])

    assert known.problem(WABA) == "whatsapp_in: the access token has expired."
    assert known.listed_at(WABA) == TICK
    assert "en" in known.of(WABA, NAME)


def test_a_listing_that_works_again_ends_the_problem(log):
    record_unreadable(log, WABA, "whatsapp_in: the access token has expired.", TICK)
    record_listing(log, WABA, [], TICK + MINUTE)

    assert read_approvals(log, [WABA]).problem(WABA) is None


@pytest.mark.parametrize(("code", "status"), [(132001, "NOT_FOUND"), (132015, "PAUSED"), (132016, "DISABLED")])
def test_a_refused_message_says_how_its_template_stands(log, code, status):
    record_listing(log, WABA, [listed()], TICK)

    for language in ("en", "hi"):  # one that was listed, one that was never seen
        mark_refused(log, WABA, NAME, language, code=code, reason="Meta's words", seen_at=TICK + MINUTE)

    known = read_approvals(log, [WABA])
    assert {(one.status, one.reason) for one in known.of(WABA, NAME).values()} == {(status, "Meta's words")}
    assert known.of(WABA, NAME)["hi"].category == ""


def test_a_listing_that_began_before_a_refusal_does_not_undo_it(log):
    mark_refused(log, WABA, NAME, "en", code=132015, reason="", seen_at=TICK + MINUTE)
    mark_refused(log, WABA, NAME, "hi", code=132001, reason="", seen_at=TICK + MINUTE)

    record_listing(log, WABA, [listed()], TICK)
    early = read_approvals(log, [WABA])
    record_listing(log, WABA, [listed()], TICK + 2 * MINUTE)
    late = read_approvals(log, [WABA])

    assert {language: one.status for language, one in early.of(WABA, NAME).items()} == {
        "en": "PAUSED",
        "hi": "NOT_FOUND",
    }
    assert {language: one.status for language, one in late.of(WABA, NAME).items()} == {"en": "APPROVED"}
    assert (early.refused_since(WABA), late.refused_since(WABA)) == (True, False)


def test_a_change_of_category_is_remembered_with_the_one_before(log):
    record_listing(log, WABA, [listed()], TICK)
    for minutes in (1, 2):
        record_listing(log, WABA, [listed(category="MARKETING")], TICK + minutes * MINUTE)

    (row,) = log.execute("SELECT category, previous_category FROM template_approval").fetchall()

    assert row == {"category": "MARKETING", "previous_category": "UTILITY"}


def test_one_template_is_written_down_without_touching_the_others(log):
    record_listing(log, WABA, [listed()], TICK)
    record_template(log, WABA, listed(language="hi", status="PENDING"), TICK + MINUTE)

    known = read_approvals(log, [WABA])

    assert {language: one.status for language, one in known.of(WABA, NAME).items()} == {
        "en": "APPROVED",
        "hi": "PENDING",
    }
    assert known.listed_at(WABA) == TICK


def test_of_a_deleted_template_and_what_has_replaced_it_the_latter_counts(log):
    record_listing(log, WABA, [listed(status="PENDING"), listed(status="DELETED")], TICK)

    assert read_approvals(log, [WABA]).of(WABA, NAME)["en"].status == "PENDING"
