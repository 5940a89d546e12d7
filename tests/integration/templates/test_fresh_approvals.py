"""What the reminders' preflight asks Meta for before it sends: at most one listing an account and hour."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.planning.template_listing import fresh_approvals
from partner_messages.templates.approvals.approvals import mark_refused

MINUTE = dt.timedelta(minutes=1)
IDLE_V1 = "jyt_production_run_reminder_idle_v1"


@pytest.fixture
def look(deployment, log):
    """Ask for the approvals of all senders' accounts, which have the sample templates."""
    return lambda: fresh_approvals(log, load_senders(load_settings()), load_settings())


def listings(api):
    return api.requests()["by_operation"].get("list_templates", 0)


def test_what_is_an_hour_old_is_not_asked_for_again(look, deployment, graph_api):
    first = look()
    deployment.now += 60 * MINUTE
    again = look()
    deployment.now += MINUTE
    later = look()

    waba = graph_api.accounts["IN"].waba_id
    assert first.of(waba, IDLE_V1)["hi"].status == "APPROVED"
    assert again.listed_at(waba) == first.listed_at(waba) == deployment.now - 61 * MINUTE
    assert later.listed_at(waba) == deployment.now
    assert listings(graph_api) == 6


def test_an_account_that_cannot_be_read_keeps_what_was_known_and_says_why(look, deployment, graph_api):
    look()
    seen = deployment.now
    graph_api.kill_token(graph_api.accounts["IN"].token)
    deployment.now += 61 * MINUTE

    known = look()

    india, australia = (graph_api.accounts[label].waba_id for label in ("IN", "AU"))
    assert known.of(india, IDLE_V1)["en"].status == "APPROVED"
    assert (known.listed_at(india), known.listed_at(australia)) == (seen, deployment.now)
    assert known.problem(india).startswith("whatsapp_in: the access token")
    assert known.problem(australia) is None


def test_after_a_refusal_the_account_is_read_again_at_the_next_run(look, deployment, graph_api, log):
    waba = graph_api.accounts["IN"].waba_id
    look()
    deployment.now += MINUTE
    mark_refused(log, waba, IDLE_V1, "en", code=132001, reason="", seen_at=deployment.now)
    deployment.now += MINUTE

    assert look().of(waba, IDLE_V1)["en"].status == "APPROVED"
    assert listings(graph_api) == 4
