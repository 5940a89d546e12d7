"""Family v2: the design's picture above the text, and a button that signs the partner in."""

from __future__ import annotations

import jwt
import pytest

from sandbox.connections import PORTAL, PORTAL_SECRET
from sandbox.shop.expectations import run_id
from support.picture_files import jpeg
from support.picture_server import HOST, picture
from support.submitted import submit_templates
from support.ticks import xcoms_of

RUN = run_id("SENT10D")
PICTURED = "jyt_production_run_reminder_pending_v2"


@pytest.fixture
def one_run(shop, deployment):
    """A shop with one stuck run, whose design has no picture yet; family v2."""
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [RUN])
    shop.execute("UPDATE design SET thumbnail_url = NULL, media_files = NULL, moodboard = NULL, design_files = NULL")
    deployment.set(template_family="v2", pictures={"allowed_hosts": [HOST]})


@pytest.fixture
def approved(deployment):
    """The templates of v2 are approved on every account."""
    submit_templates([PICTURED])


@pytest.fixture
def with_picture(shop, serve_pictures):
    """The design has a picture that Meta would take; returns its URL."""
    url = serve_pictures(picture(jpeg()))["/kurta.jpg"]
    shop.execute("UPDATE design SET thumbnail_url = %s", [url])
    return url


def test_a_reminder_shows_the_picture_and_its_button_signs_its_partner_in(
    run_tick, one_run, approved, with_picture, graph_api, deployment, log, caplog
):
    tick = run_tick()

    assert (tick.state, tick.ends) == ("success", {RUN: "sent"})
    (message,) = graph_api.outbox()
    assert message["template_name"] == PICTURED
    assert message["header"] == {"type": "image", "link": with_picture}
    bare, _, token = message["buttons"][0]["url"].partition("?wa_token=")
    claims = jwt.decode(
        token, PORTAL_SECRET, algorithms=["HS256"], issuer="jyt-whatsapp", options={"verify_exp": False}
    )
    assert (bare, claims["run_id"]) == (f"{PORTAL}/production-runs/{RUN}", RUN)
    assert claims["sub"] == tick.rows[0]["partner_id"]
    assert claims["iat"] == int(deployment.now.timestamp()), "it is made at the moment of sending"
    (row,) = log.execute("SELECT message_log::text AS everything FROM message_log").fetchall()
    assert token not in row["everything"]
    assert token not in xcoms_of(tick.run_id) + caplog.text


def test_a_redirected_message_opens_the_run_without_signing_anybody_in(
    run_tick, one_run, approved, with_picture, graph_api
):
    assert run_tick({"delivery": "redirect", "redirect_to": "+919812399999"}).state == "success"

    (message,) = graph_api.outbox()
    assert message["to"] == "+919812399999"
    assert message["buttons"][0]["url"] == f"{PORTAL}/production-runs/{RUN}"


def test_without_a_picture_the_message_goes_out_with_the_text_of_v1(run_tick, one_run, approved, graph_api):
    assert run_tick().ends == {RUN: "sent"}

    (message,) = graph_api.outbox()
    assert message["template_name"] == "jyt_production_run_reminder_pending_v1"


def test_without_a_picture_and_without_v1_it_is_skipped(run_tick, one_run, approved, graph_api):
    for account in graph_api.accounts.values():
        graph_api.change_template(account.waba_id, "jyt_production_run_reminder_pending_v1", status="REJECTED")

    assert run_tick().ends == {RUN: "no_picture"}
    assert graph_api.outbox() == []


def test_a_dry_run_of_v2_asks_meta_nothing(run_tick, one_run, graph_api):
    assert run_tick({"delivery": "dry_run"}).ends == {RUN: "rehearsed"}
    assert graph_api.requests()["total"] == 0
