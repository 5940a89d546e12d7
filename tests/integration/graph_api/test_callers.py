"""Who may ask, in which version, for which ids."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, AccountsFileError, load_accounts


def error_of(answer):
    """HTTP status, code and subcode."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [("", 104), ("Bearer", 104), ("Basic abc", 104), ("Bearer nobody-issued-this", 190)],
)
def test_a_request_needs_a_token_that_was_issued(graph, india, authorization, code):
    answer = graph.get(f"/{india.waba_id}/message_templates", headers={"authorization": authorization})
    assert error_of(answer) == (401, code, None)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "OAuth"])
def test_a_token_comes_with_either_scheme(graph, india, scheme):
    headers = {"authorization": f"{scheme} {india.token}"}
    assert graph.get(f"/{india.waba_id}/message_templates", headers=headers).status_code == 200


def test_a_dead_token_is_190_until_it_is_revived(api, india, send_template):
    api.kill_token(india.token)
    dead = send_template()
    assert error_of(dead) == (401, 190, 463)
    assert "Session has expired" in dead.json()["error"]["message"]
    assert api.outbox() == []
    api.revive_token(india.token)
    assert send_template().status_code == 200


def test_one_dead_token_leaves_the_others_alive(api, graph, india):
    api.kill_token(india.token)
    for label in ("AU", "Europe"):
        account = api.accounts[label]
        headers = {"authorization": f"Bearer {account.token}"}
        assert graph.get(f"/{account.waba_id}/message_templates", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["{phone}/messages", "{waba}/message_templates", "{template}", "999/messages"])
def test_a_token_sees_its_own_ids_only(api, graph, path):
    other = api.accounts["AU"]
    template = api.templates(other.waba_id)[0]["id"]
    address = path.format(phone=other.phone_number_id, waba=other.waba_id, template=template)
    answer = graph.post(f"/{address}", json={"messaging_product": "whatsapp", "to": "+61412345678"})
    assert error_of(answer) == (400, 100, 33)
    assert answer.json()["error"]["type"] == "GraphMethodException"
    assert address.partition("/")[0] in answer.json()["error"]["message"]


def test_the_phone_number_id_is_not_the_account_id(graph, india):
    assert error_of(graph.get(f"/{india.phone_number_id}/message_templates")) == (400, 100, 33)
    assert error_of(graph.post(f"/{india.waba_id}/messages", json={})) == (400, 100, 33)


@pytest.mark.parametrize(
    ("version", "code"),
    [("v25.0", None), ("v26.0", None), ("v22.0", None), ("v99.0", 2500), ("v25", 2500), ("25.0", 2500)],
)
def test_a_version_must_exist(api, graph, india, version, code):
    api.set_clock(datetime(2026, 11, 23, tzinfo=UTC))
    answer = graph.get(f"{api.url}/{version}/{india.waba_id}/message_templates")
    assert answer.json().get("error", {}).get("code") == code


@pytest.mark.parametrize(
    ("version", "expires"),
    [
        ("v20.0", datetime(2026, 9, 24, tzinfo=UTC)),
        ("v21.0", datetime(2027, 1, 21, tzinfo=UTC)),
        ("v25.0", datetime(2028, 7, 29, tzinfo=UTC)),
    ],
)
def test_a_version_answers_until_it_expires(api, graph, india, version, expires):
    api.set_clock(expires)
    api.freeze_clock()
    address = f"{api.url}/{version}/{india.waba_id}/message_templates"
    assert error_of(graph.get(address)) == (400, 2635, None)
    api.shift_clock(-60)
    assert graph.get(address).status_code == 200


@pytest.mark.parametrize("path", ["/", "/{waba}/phone_book", "/{waba}/message_templates/7", "/{phone}/messages/1/2"])
def test_a_path_meta_does_not_have_is_2500(graph, india, path):
    address = path.format(waba=india.waba_id, phone=india.phone_number_id)
    assert error_of(graph.post(address)) == (400, 2500, None)


def test_every_request_is_logged_with_its_exact_headers(api, india, graph):
    request = httpx.Request(
        "POST",
        f"{api.url}/v25.0/{india.phone_number_id}/messages?x=1",
        headers={"Host": "graph", "Authorization": f"Bearer {india.token}", "X-Extra": "leaked"},
        content=b"no json",
    )
    assert graph.send(request).status_code == 400
    seen = api.requests(last=1)
    assert (seen["total"], seen["by_operation"], seen["by_object_id"]) == (
        1,
        {"send_message": 1},
        {india.phone_number_id: 1},
    )
    (last,) = seen["last"]
    assert last["headers"] == [
        ["host", "graph"],
        ["authorization", f"Bearer {india.token}"],
        ["x-extra", "leaked"],
        ["content-length", "7"],
    ]
    assert (last["method"], last["path"], last["query"]) == ("POST", f"/v25.0/{india.phone_number_id}/messages", "x=1")
    assert (last["body"], last["outcome"], last["code"]) == ("7 bytes", 400, 100)


def test_requests_can_be_narrowed_to_one_kind(api, india, graph):
    graph.get(f"/{india.waba_id}/message_templates")
    graph.post(f"/{india.phone_number_id}/messages", json={})
    assert [seen["operation"] for seen in api.requests(operation="list_templates")["last"]] == ["list_templates"]


def test_a_request_to_our_side_is_not_one_to_meta(api):
    api.outbox()
    assert api.requests()["total"] == 0


def test_the_sample_accounts_are_three_senders_of_one_app():
    accounts = {account.label: account for account in load_accounts(SAMPLE_ACCOUNTS)}
    assert list(accounts) == ["IN", "AU", "Europe"]
    assert {account.app_id for account in accounts.values()} == {"311000000000001"}
    assert [account.country_code for account in accounts.values()] == ["91", "61", "39"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('"111000000000001"', '"one"'), "0.phone_number_id"),
        (('"+911140000001"', '"011 4000 0001"'), "0.display_phone_number"),
        (('"+911140000001"', '"+91 11 4000 0001"'), "0.display_phone_number"),
        (('"label": "IN"', '"lable": "IN"'), "0.label"),
        (('"211000000000002"', '"211000000000001"'), "waba_id must be different"),
        (("[", "{"), "Invalid JSON"),
    ],
)
def test_a_wrong_accounts_file_is_refused_by_name(tmp_path, change, problem):
    file = tmp_path / "accounts.json"
    file.write_text(SAMPLE_ACCOUNTS.read_text().replace(*change, 1))
    with pytest.raises(AccountsFileError, match=problem) as refused:
        load_accounts(file)
    assert str(file) in str(refused.value)


def test_accounts_of_one_app_have_one_secret(tmp_path):
    accounts = json.loads(SAMPLE_ACCOUNTS.read_text())
    assert len({account["app_secret"] for account in accounts}) == 1
    accounts[1]["app_secret"] = "another"
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(accounts))
    with pytest.raises(AccountsFileError, match="app_secret must be the same in all accounts with the same app_id"):
        load_accounts(file)
    accounts[1]["app_id"] = "311000000000002"
    file.write_text(json.dumps(accounts))
    assert len(load_accounts(file)) == 3
