"""Family v2 where something is missing: the picture, the text of v1, the partner themselves."""

from __future__ import annotations

from sandbox.connections import PORTAL


def test_a_redirected_message_opens_the_run_without_signing_anybody_in(
    run_tick, one_pictured_run, with_picture, graph_api
):
    assert run_tick({"delivery": "redirect", "redirect_to": "+919812399999"}).state == "success"

    (message,) = graph_api.outbox()
    assert message["to"] == "+919812399999"
    assert message["buttons"][0]["url"] == f"{PORTAL}/production-runs/{one_pictured_run}"


def test_without_a_picture_the_message_goes_out_with_the_text_of_v1(run_tick, one_pictured_run, graph_api):
    assert run_tick().ends == {one_pictured_run: "sent"}

    (message,) = graph_api.outbox()
    assert message["template_name"] == "jyt_production_run_reminder_pending_v1"


def test_without_a_picture_and_without_v1_it_is_skipped(run_tick, one_pictured_run, graph_api):
    for account in graph_api.accounts.values():
        graph_api.change_template(account.waba_id, "jyt_production_run_reminder_pending_v1", status="REJECTED")

    assert run_tick().ends == {one_pictured_run: "no_picture"}
    assert graph_api.outbox() == []


def test_a_dry_run_of_v2_asks_meta_nothing(run_tick, one_pictured_run, graph_api):
    requests = graph_api.requests()["total"]

    assert run_tick({"delivery": "dry_run"}).ends == {one_pictured_run: "rehearsed"}
    assert graph_api.requests()["total"] == requests
