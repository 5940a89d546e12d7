"""A whole Airflow comes up with one command: its DAGs, connections, forms, and replies to who answers."""

from __future__ import annotations

import json
import re

import pytest
import requests
from playwright.sync_api import Browser, expect

from sandbox import stack
from support.airflow_up import AirflowUp, wait_for
from support.browser import tab
from whatsapp_provider.provider_info import get_provider_info

pytestmark = pytest.mark.takes_a_minute


def test_everything_comes_up_and_can_be_used(up: AirflowUp) -> None:
    assert requests.get(up.phones, timeout=10).ok
    ask = requests.Session()
    ask.headers["Authorization"] = f"Bearer {up.token()}"
    dags = ask.get(f"{up.url}/api/v2/dags", timeout=30).json()["dags"]
    assert [dag["dag_id"] for dag in dags if dag["is_paused"]] == [stack.DAG]
    entered = ask.get(f"{up.url}/api/v2/connections", timeout=30).json()["connections"]
    assert {one["connection_id"] for one in entered} >= {
        *("production_db", "message_log_db", "shop_inbox_db", "partner_portal", "whatsapp_in"),
    }
    settings = ask.get(f"{up.url}/api/v2/variables/partner_messages", timeout=30).json()
    assert '"allow_any_time": true' in settings["value"]

    printed = re.search(rf"trigger {stack.EVENTS_DAG} --conf '(.+)'", up.said)
    assert printed
    asked = {"logical_date": None, "conf": json.loads(printed[1])}
    ask.post(f"{up.url}/api/v2/dags/{stack.EVENTS_DAG}/dagRuns", json=asked, timeout=30)
    wait_for(lambda: "jyt_production_run_assigned_v1" in requests.get(f"{up.phones}/_sandbox/outbox", timeout=10).text)


def test_the_connection_type_has_a_form_with_labels_and_hides_what_is_secret(browser: Browser, up: AirflowUp) -> None:
    (form,) = get_provider_info()["connection-types"]
    fields = form["conn-fields"]
    with tab(browser, up.url, up.token("admin")) as opened:
        page = opened.page
        page.goto("/connections")
        page.get_by_role("button", name="Add Connection").click()
        page.get_by_role("combobox").last.fill(form["hook-name"])
        page.keyboard.press("Enter")
        for label in form["ui-field-behaviour"]["relabeling"].values():
            expect(page.get_by_text(label, exact=True)).to_be_visible()
        page.get_by_text("Extra Fields", exact=True).click()
        for field in fields.values():
            expect(page.get_by_text(field["label"]).first).to_be_visible()
            expect(page.get_by_text(field["description"]).first).to_be_visible()
        hidden = {one.get_attribute("name") for one in page.locator("input[type=password]").all()}
    secret = {f"element_{name}" for name, field in fields.items() if field["schema"].get("format") == "password"}
    assert hidden == {"password", *secret}


def test_who_answers_is_replied_to_as_their_answer_starts_upkeep(up: AirflowUp) -> None:
    reached = next(one for one in up.outbox() if one["to"].lstrip("+").startswith("91"))
    earlier = [one["id"] for one in up.outbox("text")]
    answer = {"phone_number_id": reached["phone_number_id"], "number": reached["to"], "text": "हिंदी", "kind": "text"}
    with up.settings(delivery="live") as ask:  # In a dry run nothing leaves, a reply neither.
        assert requests.post(f"{up.phones}/_sandbox/inbound", json=answer, timeout=30).ok
        wait_for(lambda: reached["to"] in [one["to"] for one in up.outbox("text") if one["id"] not in earlier])
    runs = f"{up.url}/api/v2/dags/{stack.UPKEEP_DAG}/dagRuns"
    wait_for(lambda: "asset_triggered" in {run["run_type"] for run in ask.get(runs, timeout=30).json()["dag_runs"]})
