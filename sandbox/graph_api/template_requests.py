"""The template requests: list, create, read, edit, unpause, delete."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.graph_api import template_rules as rules
from sandbox.graph_api.accounts import Account
from sandbox.graph_api.calls import Call
from sandbox.graph_api.errors import GraphError, check_keys, invalid_parameter, missing_object
from sandbox.graph_api.exchange import Answer, answer
from sandbox.graph_api.paging import cut, fields_of, links
from sandbox.graph_api.template_store import Template, TemplateStatus
from sandbox.graph_api.world import World

MAX_PAGE_SIZE = 1_000
MAX_BULK_IDS = 100
CREATE_KEYS = {
    *("name", "language", "category", "components", "parameter_format", "message_send_ttl_seconds"),
    *("cta_url_link_tracking_opted_out", "allow_category_change", "access_token"),
}
EDIT_KEYS = {"category", "components", "message_send_ttl_seconds", "access_token"}

FIELDS: dict[str, Callable[[Template], Any]] = {
    "id": lambda template: template.id,
    "name": lambda template: template.name,
    "parameter_format": lambda template: template.parameter_format,
    "components": lambda template: [_as_read(component) for component in template.components],
    "language": lambda template: template.language,
    "status": lambda template: template.status,
    "category": lambda template: template.category,
    "previous_category": lambda template: template.previous_category,
    "correct_category": lambda template: template.correct_category,
    "message_send_ttl_seconds": lambda template: template.time_to_live,
    "quality_score": lambda template: {"score": template.quality},
    "rejected_reason": lambda template: template.rejected_reason,
}
DEFAULT_FIELDS = (
    *("name", "parameter_format", "components", "language", "status", "category", "previous_category"),
    *("message_send_ttl_seconds", "id"),
)
# The filters of a list. For `name` a part of the name matches; sources differ, and an exact match must not be relied
# on.
FILTERS: dict[str, Callable[[Template, str], bool]] = {
    "name": lambda template, wanted: wanted in template.name,
    "content": lambda template, wanted: wanted in template.shape.body,
    "name_or_content": lambda template, wanted: wanted in template.name or wanted in template.shape.body,
    "status": lambda template, wanted: template.status == wanted.upper(),
    "category": lambda template, wanted: template.category == wanted.upper(),
    "language": lambda template, wanted: template.language == wanted,
    "quality_score": lambda template, wanted: template.quality == wanted.upper(),
}


def list_templates(world: World, call: Call) -> Answer:
    """A page of an account's templates, oldest first; with `paging.next` only if there are more."""
    account, request = _counted(world, call), call.request
    query = request.query_parameters()
    fields = _fields(query.get("fields"))
    found = [
        template
        for template in world.templates.of_account(account.waba_id, request.received_at)
        if all(matches(template, query[name]) for name, matches in FILTERS.items() if name in query)
    ]
    page = cut(request, found, _key, MAX_PAGE_SIZE)
    content: dict[str, Any] = {"data": [fields_of(template, FIELDS, fields) for template in page.items]}
    if page.items:
        content["paging"] = links(request, page, _key)
    if summary := query.get("summary"):
        content["summary"] = _summary(world, summary.split(","), account, len(found), request.received_at)
    return answer(content)


def create_template(world: World, call: Call) -> Answer:
    """Create a template, which is then reviewed; the answer's category may differ from the given one."""
    account, now = _counted(world, call), call.request.received_at
    if not world.creates.has_room(account.waba_id, world.limits.template_creates_per_hour, now):
        raise _too_many_calls(account.waba_id, world.creates.minutes_until_room(account.waba_id, now))
    definition = call.request.parameters()
    check_keys(definition, CREATE_KEYS, " on the template")
    template = world.templates.create(account.waba_id, definition, now, is_handle=_handle_check(world, account))
    world.creates.add(account.waba_id, now)
    return answer({"id": template.id, "status": template.status, "category": template.category})


def delete_templates(world: World, call: Call) -> Answer:
    """Delete by name (all languages), by name and id (one language), or by up to a hundred ids."""
    account, now = _counted(world, call), call.request.received_at
    query = call.request.query_parameters()
    of_account = world.templates.of_account(account.waba_id, now)
    if "hsm_ids" in query:
        going = [_with_id(of_account, wanted) for wanted in _ids(query)]
    elif "name" in query:
        going = [
            template
            for template in of_account
            if template.name == query["name"] and query.get("hsm_id") in (None, template.id)
        ]
    else:
        raise invalid_parameter("The parameter name is required.")
    if not going:
        raise rules.NOT_FOUND.broken("There is no such message template on this account.")
    world.templates.delete(going, now)
    return answer({"success": True})


def get_template(world: World, call: Call) -> Answer:
    """A template."""
    template, _ = call.template(world)
    return answer(fields_of(template, FIELDS, _fields(call.request.query_parameters().get("fields"))))


def edit_template(world: World, call: Call) -> Answer:
    """Edit a template."""
    template, account = call.template(world)
    _count(world, account, call.request.received_at)
    changes = call.request.parameters()
    check_keys(changes, EDIT_KEYS, " on the template")
    world.templates.edit(template, changes, call.request.received_at, is_handle=_handle_check(world, account))
    return answer({"success": True})


def unpause_template(world: World, call: Call) -> Answer:
    """End a pause."""
    template, _ = call.template(world)
    if template.status is not TemplateStatus.PAUSED:
        raise rules.NOT_EDITABLE.broken(f"Only a paused template can be unpaused; this one is {template.status}.")
    world.templates.unpause(template, call.request.received_at)
    return answer({"success": True})


def _counted(world: World, call: Call) -> Account:
    """Count the request against the hourly limit of its account; return the account."""
    account = call.account_by("waba_id")
    _count(world, account, call.request.received_at)
    return account


def _count(world: World, account: Account, now: float) -> None:
    if not world.management_calls.has_room(account.waba_id, world.limits.management_calls_per_hour, now):
        raise _too_many_calls(account.waba_id, world.management_calls.minutes_until_room(account.waba_id, now))
    world.management_calls.add(account.waba_id, now)


def _too_many_calls(waba_id: str, minutes: int) -> GraphError:
    """Code 80007 with Meta's usage header, which has the minutes to wait."""
    usage = {
        waba_id: [
            {
                "type": "whatsapp",
                "call_count": 100,
                "total_cputime": 0,
                "total_time": 0,
                "estimated_time_to_regain_access": minutes,
            }
        ]
    }
    return GraphError(80007, headers=(("x-business-use-case-usage", json.dumps(usage)),))


def _handle_check(world: World, account: Account) -> Callable[[str], bool]:
    return lambda handle: world.uploads.is_handle(handle, account.app_id)


def _fields(asked: str | None) -> tuple[str, ...]:
    names = tuple(filter(None, (name.strip() for name in asked.split(",")))) if asked else DEFAULT_FIELDS
    for name in names:
        if name not in FIELDS:
            raise invalid_parameter(
                f"Tried accessing nonexisting field ({name}) on node type (WhatsAppMessageTemplate)"
            )
    return names if "id" in names else (*names, "id")


def _as_read(component: Mapping[str, Any]) -> Mapping[str, Any]:
    """A component as Meta returns it: an example picture has a URL in place of the handle."""
    example = component.get("example")
    if component["type"] != "HEADER" or component["format"] != "IMAGE" or not isinstance(example, dict):
        return component
    picture = "https://scontent.whatsapp.net/v/t61.29466-34/" + urlencode({"sample": example["header_handle"][0]})
    return {**component, "example": {**example, "header_handle": [picture]}}


def _key(template: Template) -> str:
    return template.id


def _summary(world: World, asked: list[str], account: Account, found: int, now: float) -> dict[str, Any]:
    of_account = world.templates.of_account(account.waba_id, now)
    languages = {template.language for template in of_account}
    names = {template.name for template in of_account}
    known = {
        "total_count": found,
        "message_template_count": len(of_account),
        "message_template_limit": world.limits.templates_per_account,
        "are_translations_complete": len(of_account) == len(languages) * len(names),
    }
    return {name: known[name] for name in asked if name in known}


def _ids(query: Mapping[str, str]) -> list[str]:
    if "name" in query or "hsm_id" in query:
        raise invalid_parameter("The parameter hsm_ids can't be combined with name or hsm_id.")
    try:
        ids = json.loads(query["hsm_ids"])
    except ValueError as error:
        raise invalid_parameter("The parameter hsm_ids must be a JSON array.") from error
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_BULK_IDS:
        raise invalid_parameter(f"The parameter hsm_ids must have 1 to {MAX_BULK_IDS} ids.")
    return [str(wanted) for wanted in ids]


def _with_id(templates: list[Template], wanted: str) -> Template:
    template = next((template for template in templates if template.id == wanted), None)
    if template is None:
        raise missing_object(wanted, "delete")
    return template
