"""The templates that are shipped, submitted to empty accounts of the local Graph API and sent from them."""

from __future__ import annotations

import json

import httpx
import pytest

from partner_messages.templates.catalog.installed import installed_catalog
from sandbox.graph_api.template_store import SAMPLE_TEMPLATES
from support.examples import sender
from whatsapp_provider.templates.comparison import differences
from whatsapp_provider.templates.language_policy import Account, language_policy
from whatsapp_provider.templates.picture_formats import mime_type
from whatsapp_provider.templates.remote import FIELDS, remote_template
from whatsapp_provider.templates.submit_plan import Action, edit_request, plan_submission

PORTAL = "https://partners.example"
LINK = "prod_run_01K8Z4M7Q2X9T5R3W6Y1B0C4DH?wa_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_"
VALUES = {
    "partner_name": "Rajesh Textiles",
    "design_name": "Block Print Kurta",
    "run_id": "prod_run_01K8Z4M7Q2X9T5R3W6Y1B0C4DH",
    "days": "3",
    "counts": "3 runs await your answer, 1 is not started, 1 is quiet",
    "waiting": "5 days",
    "quantity": "250",
    "produced_quantity": "120",
    "notes": "The order was withdrawn",
    "run_link": LINK,
}


class Meta:
    """Meta's side, as one account's token sees it."""

    def __init__(self, api, label):
        self.at = api.accounts[label]
        self.client = httpx.Client(
            base_url=f"{api.url}/v25.0", headers={"authorization": f"Bearer {self.at.token}"}, trust_env=False
        )

    def templates(self):
        asked = {"fields": ",".join(FIELDS), "limit": 100}
        return [remote_template(row) for row in self._sent("GET", "message_templates", params=asked)["data"]]

    def upload(self, picture):
        asked = {"file_length": len(picture), "file_type": mime_type(picture) or ""}
        session = self._answer("POST", f"/{self.at.app_id}/uploads", params=asked)["id"]
        return self._answer("POST", f"/{session}", content=picture, headers={"file_offset": "0"})["h"]

    def create(self, row, template):
        handle = self.upload(template.picture.read_bytes()) if template.picture else None
        request = template.create_request(row.language, portal_url=PORTAL, header_handle=handle)
        assert self._sent("POST", "message_templates", json=request)["category"] == "UTILITY"

    def edit(self, row, template):
        self._answer("POST", f"/{row.id}", json=edit_request(row, template, portal_url=PORTAL))

    def send(self, template, language):
        components = template.send_components(VALUES, image_link="https://cdn.example/kurta.jpg")
        message = {
            "messaging_product": "whatsapp",
            "to": "+919829012345",
            "type": "template",
            "template": {"name": template.name, "language": {"code": language}, "components": components},
        }
        self._answer("POST", f"/{self.at.phone_number_id}/messages", json=message)

    def _sent(self, method, path, **given):
        return self._answer(method, f"/{self.at.waba_id}/{path}", **given)

    def _answer(self, method, path, **given):
        answer = self.client.request(method, path, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def accounts(bare_api):
    """Meta's side of every account, by the account as the plan knows it."""
    opened = {Account(label, one.waba_id): Meta(bare_api, label) for label, one in bare_api.accounts.items()}
    yield opened
    for meta in opened.values():
        meta.client.close()


@pytest.fixture
def languages(bare_api):
    return language_policy(
        [
            sender(
                label.lower(),
                platform_label=label,
                waba_id=one.waba_id,
                languages=("en", "hi") if label == "IN" else ("en",),
            )
            for label, one in bare_api.accounts.items()
        ]
    )


def plan(accounts, languages):
    there = {account: meta.templates() for account, meta in accounts.items()}
    return plan_submission(installed_catalog(), there, languages, portal_url=PORTAL)


def template_of(row):
    return installed_catalog().get(row.name)


def submit(accounts, rows):
    missing = [row for row in rows if row.action is Action.CREATE]
    for row in missing:
        accounts[row.account].create(row, template_of(row))
    return missing


def test_what_is_planned_is_taken_and_then_there_is_nothing_left_to_plan(accounts, languages):
    created = submit(accounts, plan(accounts, languages))

    rows = plan(accounts, languages)

    assert len(created) == 13 * (2 + 1 + 1)
    assert [row for row in rows if row.action not in (Action.SAME, Action.NOT_FOR_THIS_ACCOUNT)] == []
    assert {row.account.label for row in rows if row.action is Action.NOT_FOR_THIS_ACCOUNT} == {"AU", "Europe"}
    assert not any(row.note for row in rows)


def test_every_template_is_sent_with_the_parameters_that_were_approved(bare_api, accounts, languages):
    india = next(account for account in accounts if account.label == "IN")
    only_india = {india: accounts[india]}
    submit(only_india, plan(only_india, languages))
    approved = {(one.name, one.language): one.parameter_count for one in accounts[india].templates()}

    for template in installed_catalog():
        for language in template.languages:
            accounts[india].send(template, language)

    sent = bare_api.outbox()
    assert {(one["template_name"], one["language"]) for one in sent} == approved.keys()
    for one in sent:
        template = installed_catalog().get(one["template_name"])
        assert one["text"] == template.text(one["language"], VALUES)
        assert sum(map(len, one["parameters"].values())) == approved[one["template_name"], one["language"]]
        if template.needs_portal:
            assert one["buttons"][0]["url"] == f"{PORTAL}/production-runs/{LINK}"


@pytest.mark.parametrize("file", sorted(SAMPLE_TEMPLATES.glob("*.json")), ids=lambda file: file.stem)
def test_the_accounts_that_make_up_starts_with_equal_the_catalog(file):
    sample = json.loads(file.read_bytes())
    template = installed_catalog().get(sample["name"])

    there = remote_template({**sample, "id": "1", "status": "APPROVED"})

    assert differences(template, sample["language"], there) == ()


def test_a_template_that_was_created_without_a_time_to_live_is_given_one_in_place(accounts, languages):
    europe = next(account for account in accounts if account.label == "Europe")
    meta, only_europe = accounts[europe], {europe: accounts[europe]}
    pending = installed_catalog().get("jyt_production_run_reminder_pending_v1")
    older = pending.create_request("en")
    del older["message_send_ttl_seconds"]
    meta._sent("POST", "message_templates", json=older)
    (differs,) = (row for row in plan(only_europe, languages) if row.action is Action.DIFFERS)

    meta.edit(differs, template_of(differs))

    assert str(differs.differences[0]) == "time to live: Meta's default there, 43200 s here"
    assert not [row for row in plan(only_europe, languages) if row.action is Action.DIFFERS]
