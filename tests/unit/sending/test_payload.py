"""The request that carries one message."""

from __future__ import annotations

import json
import re

import pytest

from partner_messages.messages.values import Claimed
from partner_messages.recipients.deeplink import Portal
from partner_messages.sending.payload import link_suffix, no_request, template_message
from partner_messages.templates.catalog.installed import installed_catalog
from support.deployment import TICK
from support.examples import claimed_message
from support.sending import TEMPLATE, values_for
from whatsapp_provider.templates.definition import TemplateError

ID = claimed_message().id
CATALOG = installed_catalog()


SUFFIX = "prod_run_1"


def claimed(template: str = TEMPLATE, **values: str) -> Claimed:
    return claimed_message(template_name=template, variables={**values_for(template), **values})


def test_a_message_is_put_as_meta_takes_it() -> None:
    template = CATALOG.get(TEMPLATE)
    assert template is not None

    assert template_message(claimed(), template, link_suffix=SUFFIX) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+919829012345",
        "type": "template",
        "biz_opaque_callback_data": str(ID),
        "template": {
            "name": TEMPLATE,
            "language": {"policy": "deterministic", "code": "hi"},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "Rajesh Textiles"} for _ in template.variables],
                }
            ],
        },
    }


@pytest.mark.parametrize("name", [name for name in CATALOG.names if re.search("_reminder_.*_v1", name)])
def test_parameters_stand_in_the_order_of_metas_numbers_and_are_clean(name: str) -> None:
    template = CATALOG.get(name)
    assert template is not None
    values = {variable: f"{variable}\n\t     of   it" for variable in template.variables}

    sent = template_message(claimed(name, **values), template, link_suffix=SUFFIX)

    texts = [parameter["text"] for parameter in sent["template"]["components"][0]["parameters"]]
    assert [text.split()[0] for text in texts] == list(template.variables)
    assert not any(bad in text for text in texts for bad in ("\n", "\t", "     "))


def test_a_request_is_json_whatever_a_partner_is_called() -> None:
    template = CATALOG.get(TEMPLATE)
    assert template is not None
    sent = template_message(claimed(partner_name='Ānanda "Textiles" 🧵'), template, link_suffix=SUFFIX)

    assert json.loads(json.dumps(sent)) == sent


def test_a_missing_value_is_an_error_that_names_it() -> None:
    template = CATALOG.get(TEMPLATE)
    assert template is not None
    message = claimed_message(template_name=TEMPLATE, variables={})

    with pytest.raises(TemplateError, match=TEMPLATE):
        template_message(message, template, link_suffix=SUFFIX)


def test_why_there_is_no_request_is_said_without_a_phone_number() -> None:
    assert no_request(ValueError("of +919829012345")) == "No request could be built: of +91•••••2345"


@pytest.mark.parametrize(
    ("message", "opens"),
    [
        pytest.param(claimed_message(production_run_id="R1", variables={"run_id": "shown"}), "R1", id="its own run"),
        pytest.param(
            claimed_message(production_run_id=None, message_kind="digest", variables={"run_id": "R2"}),
            "R2",
            id="of several the one it names",
        ),
    ],
)
def test_a_link_opens_the_run_that_the_message_is_about(message: Claimed, opens: str) -> None:
    portal = Portal("https://partners.example", "s" * 32)

    assert link_suffix(message, portal, now=TICK).startswith(f"{opens}?wa_token=")


def test_a_message_about_no_run_has_no_link() -> None:
    with pytest.raises(ValueError, match="the id of its run"):
        link_suffix(
            claimed_message(production_run_id=None, variables={}), Portal("https://p.example", "s" * 32), now=TICK
        )
