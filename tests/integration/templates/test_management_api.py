"""Talking to Meta's template management: what is asked, and what every kind of answer means."""

from __future__ import annotations

import json

import pytest

from partner_messages.deployment.live_settings import load_sender
from support.raw_http import answering, raw_server, response
from whatsapp_provider.api import management
from whatsapp_provider.api.management import template_api
from whatsapp_provider.api.management_errors import Kind, ManagementError
from whatsapp_provider.templates.remote import FIELDS


@pytest.fixture
def api(deployed):
    """The template API of the Indian account."""
    with template_api(load_sender("in"), connect_timeout=2, read_timeout=2) as opened:
        yield opened


@pytest.fixture
def waba(bare_api):
    return bare_api.accounts["IN"].waba_id


def refused(call, *given):
    with pytest.raises(ManagementError) as caught:
        call(*given)
    return caught.value


def test_what_was_created_is_listed_with_all_that_is_compared(api, order_ready):
    api.create({**order_ready, "message_send_ttl_seconds": 43_200})

    (listed,) = api.list_templates(FIELDS)

    assert listed.pop("id").isdigit()
    assert listed == {
        **order_ready,
        "message_send_ttl_seconds": 43_200,
        "parameter_format": "POSITIONAL",
        "status": "APPROVED",
        "quality_score": {"score": "UNKNOWN"},
        "rejected_reason": "NONE",
    }


def test_every_page_is_read_by_its_cursor_and_no_address_with_the_token_is_followed(
    api, bare_api, order_ready, monkeypatch
):
    monkeypatch.setattr(management, "PAGE_SIZE", 2)
    names = [f"order_{letter}" for letter in "abcde"]
    for name in names:
        api.create({**order_ready, "name": name, "components": [{"type": "BODY", "text": f"It is ready: {name}."}]})

    assert [row["name"] for row in api.list_templates(FIELDS)] == names
    asked = bare_api.requests(operation="list_templates")["last"]
    assert len(asked) == 3
    assert not [request for request in asked if "access_token" in request["query"]]


def test_a_list_with_a_page_missing_is_no_list(api, bare_api, order_ready, monkeypatch):
    monkeypatch.setattr(management, "PAGE_SIZE", 1)
    for name in ("order_a", "order_b"):
        api.create({**order_ready, "name": name, "components": [{"type": "BODY", "text": f"It is ready: {name}."}]})
    bare_api.babble_next(skip=1, operation="list_templates")

    assert refused(api.list_templates, FIELDS).kind is Kind.UNCLEAR


def test_what_is_there_already_is_told_from_what_is_refused(api, order_ready):
    api.create(order_ready)

    assert refused(api.create, order_ready).kind is Kind.EXISTS
    wrong = refused(api.create, {**order_ready, "name": "other", "components": [{"type": "BODY", "text": "{{1}} is"}]})
    assert wrong.kind is Kind.TEMPLATE
    assert str(wrong).startswith("whatsapp_in: Meta refused it (100/2388299: ")


@pytest.mark.parametrize("fault", ["drop_next", "babble_next"])
def test_an_answer_that_got_lost_leaves_it_unclear_whether_a_template_was_created(api, bare_api, order_ready, fault):
    getattr(bare_api, fault)(operation="create_template", taken=True)

    assert refused(api.create, order_ready).kind is Kind.UNCLEAR
    assert [row["name"] for row in api.list_templates(FIELDS)] == ["order_ready"]


def test_an_answer_that_takes_too_long_is_not_waited_for(api, bare_api, order_ready):
    bare_api.hang_next(operation="create_template", taken=True)

    with template_api(load_sender("in"), connect_timeout=2, read_timeout=0.2) as impatient:
        assert refused(impatient.create, order_ready).kind is Kind.UNCLEAR
    bare_api.release()


def test_a_dead_token_concerns_the_account_and_the_sentence_names_the_connection(api, bare_api):
    bare_api.kill_token(bare_api.accounts["IN"].token)

    error = refused(api.list_templates, FIELDS)

    assert error.kind is Kind.ACCOUNT
    assert str(error).startswith("whatsapp_in: the access token has expired or was revoked; put a new")
    assert bare_api.accounts["IN"].token not in str(error)


def test_an_account_id_that_the_token_does_not_see_concerns_the_account(deployed, bare_api):
    connection = deployed.connection("whatsapp_in")
    connection["extra"]["waba_id"] = bare_api.accounts["AU"].waba_id
    deployed.connect("whatsapp_in", connection)

    with template_api(load_sender("in"), connect_timeout=2, read_timeout=2) as api:
        error = refused(api.list_templates, FIELDS)

    assert (error.kind, error.subcode) == (Kind.ACCOUNT, 33)
    assert "compare waba_id" in str(error)


@pytest.mark.parametrize("code", [4, 80007, 80008])
def test_an_account_that_has_had_enough_says_when_to_come_back(api, bare_api, code):
    bare_api.fail_next(code, operation="list_templates", retry_after="1500")

    error = refused(api.list_templates, FIELDS)

    assert error.kind is Kind.LATER
    assert "run it again later, in about 25 minutes (" in str(error)


def test_an_approved_template_is_edited_once_a_day(api, order_ready):
    api.create(order_ready)
    (listed,) = api.list_templates(FIELDS)
    changed = {"components": [{"type": "BODY", "text": "Your order is ready at last."}]}

    api.edit(listed["id"], changed)
    again = refused(api.edit, listed["id"], {"components": [{"type": "BODY", "text": "Your order is really ready."}]})

    assert api.list_templates(FIELDS)[0]["components"] == changed["components"]
    assert (again.kind, again.subcode) == (Kind.TEMPLATE, 2388039)
    assert "once a day and ten times in 30 days" in str(again)


def test_an_example_picture_is_uploaded_and_its_handle_taken(api, bare_api, order_ready, picture):
    handle = api.upload_example(picture, "image/png")

    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [handle]}}
    api.create({**order_ready, "components": [header, *order_ready["components"]]})
    (upload,) = bare_api.requests(operation="send_upload")["last"]
    headers = dict(upload["headers"])
    assert headers["authorization"] == f"OAuth {bare_api.accounts['IN'].token}"
    assert headers["content-type"] == "image/png"
    assert "access_token" not in upload["query"]


@pytest.mark.parametrize(
    "upload", ["upload:../../me", "upload:a/../b", "upload:a#b", "upload:", "upload:a?sig=b&to=c", "me"]
)
def test_an_upload_is_not_led_elsewhere_by_its_name(deployed, picture, upload):
    with raw_server(answering(*[response("200 OK", json.dumps({"id": upload}).encode())] * 2)) as server:
        deployed.connect("whatsapp_in", {**deployed.connection("whatsapp_in"), "host": server.url})
        with template_api(load_sender("in"), connect_timeout=2, read_timeout=2) as api:
            error = refused(api.upload_example, picture, "image/png")

    assert (error.kind, len(server.received)) == (Kind.UNCLEAR, 1)


def test_a_template_is_not_edited_elsewhere_than_where_its_id_is_one(api, bare_api):
    assert refused(api.edit, "1/../../me", {}).kind is Kind.UNCLEAR
    assert bare_api.requests()["total"] == 0


def test_what_is_no_picture_is_refused_for_its_template_alone(api):
    assert refused(api.upload_example, b"GIF89a", "image/png").kind is Kind.TEMPLATE


def test_a_picture_needs_the_id_of_the_app(deployed, picture):
    connection = deployed.connection("whatsapp_in")
    del connection["extra"]["app_id"]
    deployed.connect("whatsapp_in", connection)

    with template_api(load_sender("in"), connect_timeout=2, read_timeout=2) as api:
        error = refused(api.upload_example, picture, "image/png")

    assert error.kind is Kind.TEMPLATE
    assert str(error).startswith('whatsapp_in: extra "app_id" is missing')


def test_an_app_that_the_token_does_not_see_concerns_pictures_alone(deployed, picture):
    connection = deployed.connection("whatsapp_in")
    connection["extra"]["app_id"] = "999"
    deployed.connect("whatsapp_in", connection)

    with template_api(load_sender("in"), connect_timeout=2, read_timeout=2) as api:
        error = refused(api.upload_example, picture, "image/png")

    assert error.kind is Kind.TEMPLATE
    assert "Meta knows no app of this id, or the token may not see it; compare app_id" in str(error)


def test_a_request_says_no_more_than_it_must(api, bare_api, deployed, order_ready):
    api.create(order_ready)

    (request,) = bare_api.requests(operation="create_template")["last"]
    assert deployed.connection("whatsapp_in")["extra"]["app_secret"] not in str(request)
    assert {name for name, _ in request["headers"]} <= {
        *("host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "connection"),
        "authorization",
    }
