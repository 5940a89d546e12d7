"""The requests about webhooks: an app's callback, an account's apps, a phone number's own URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.callback_check import MAX_OVERRIDE_LENGTH, check_token, check_url, verify
from sandbox.graph_api.calls import Call
from sandbox.graph_api.errors import check_keys, invalid_parameter
from sandbox.graph_api.exchange import Answer, answer
from sandbox.graph_api.subscriptions import App
from sandbox.graph_api.template_message import as_object
from sandbox.graph_api.webhook_changes import FIELDS
from sandbox.graph_api.world import World

OBJECT = "whatsapp_business_account"
SUBSCRIBE_KEYS = {"override_callback_uri", "verify_token", "access_token"}
APP_KEYS = {"object", "callback_url", "verify_token", "fields", "include_values", "access_token"}
PHONE_KEYS = {"webhook_configuration", "access_token"}
CONFIGURATION_KEYS = {"override_callback_uri", "verify_token"}
PHONE_FIELDS = ("verified_name", "display_phone_number", "id")


async def subscribe_app(world: World, call: Call) -> Answer:
    """Subscribe the token's app to an account, with an override URL if one is given."""
    account, app, given = call.account_by("waba_id"), call.user_app(world), call.request.parameters()
    check_keys(given, SUBSCRIBE_KEYS)
    override = await _override(world, app, given)
    world.subscriptions.subscribe(app.id, account.waba_id, override)
    return answer({"success": True} if override is None else {"success": True, "data": [_shown(app, override)]})


async def list_apps(world: World, call: Call) -> Answer:
    """The apps that are subscribed to an account."""
    account = call.account_by("waba_id")
    overrides = world.subscriptions.overrides
    apps = world.subscriptions.apps_of(account.waba_id)
    return answer({"data": [_shown(app, overrides.get((app.id, account.waba_id))) for app in apps]})


async def unsubscribe_app(world: World, call: Call) -> Answer:
    """Unsubscribe the token's app from an account."""
    account, app = call.account_by("waba_id"), call.user_app(world)
    world.subscriptions.unsubscribe(app.id, account.waba_id)
    return answer({"success": True})


async def set_callback(world: World, call: Call) -> Answer:
    """Set an app's callback and its fields, as in its dashboard."""
    app, given = call.own_app(world), call.request.parameters()
    check_keys(given, APP_KEYS)
    if given.get("object") != OBJECT:
        raise invalid_parameter(f"Param object must be one of {{{OBJECT}}}.")
    await give_callback(app, given.get("callback_url"), given.get("verify_token"), given.get("fields"))
    return answer({"success": True})


async def give_callback(app: App, callback_url: object, verify_token: object, fields: object) -> None:
    """Verify a callback and make it the app's; `fields` is a list, or names separated by commas.

    Raises:
        GraphError: 100 for an invalid URL, token or field; 2200 or 2201 if the verification fails.
    """
    url, token, names = check_url(callback_url, "callback_url"), check_token(verify_token), _names(fields)
    await verify(url, token)
    app.callback_url, app.verify_token, app.fields = url, token, names


async def get_callback(world: World, call: Call) -> Answer:
    """An app's callback and its fields."""
    app = call.own_app(world)
    if app.callback_url is None:
        return answer({"data": []})
    fields = [{"name": name, "version": call.route.version} for name in app.fields]
    subscription = {"object": OBJECT, "callback_url": app.callback_url, "active": True, "fields": fields}
    return answer({"data": [subscription]})


async def drop_callback(world: World, call: Call) -> Answer:
    """Remove an app's callback."""
    app = call.own_app(world)
    app.callback_url, app.fields = None, ()
    return answer({"success": True})


async def configure_phone(world: World, call: Call) -> Answer:
    """Set the override URL of a phone number; an empty one removes it."""
    account, app, given = call.account_by("phone_number_id"), call.user_app(world), call.request.parameters()
    check_keys(given, PHONE_KEYS)
    configuration = as_object(given.get("webhook_configuration"), "webhook_configuration", CONFIGURATION_KEYS)
    if "override_callback_uri" not in configuration:
        raise invalid_parameter("The parameter webhook_configuration['override_callback_uri'] is required.")
    override = await _override(world, app, configuration)
    world.subscriptions.set_override(app.id, account.phone_number_id, override)
    return answer({"success": True})


async def get_phone(world: World, call: Call) -> Answer:
    """A phone number; with the field `webhook_configuration` also the URLs of its webhooks."""
    return answer(_phone(world, call, call.account_by("phone_number_id")))


async def list_phones(world: World, call: Call) -> Answer:
    """The phone numbers of an account; here each account has one."""
    return answer({"data": [_phone(world, call, call.account_by("waba_id"))]})


def _phone(world: World, call: Call, account: Account) -> dict[str, Any]:
    app = call.user_app(world)
    asked = call.request.query_parameters().get("fields")
    names = tuple(name.strip() for name in asked.split(",")) if asked else PHONE_FIELDS
    configuration = {
        "phone_number": world.subscriptions.overrides.get((app.id, account.phone_number_id)),
        "whatsapp_business_account": world.subscriptions.overrides.get((app.id, account.waba_id)),
        "application": app.callback_url,
    }
    known = {
        "id": account.phone_number_id,
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "quality_rating": "GREEN",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "webhook_configuration": {name: url for name, url in configuration.items() if url is not None},
    }
    for name in names:
        if name not in known:
            raise invalid_parameter(f"Tried accessing nonexisting field ({name}) on node type (WhatsAppPhoneNumber)")
    return {name: known[name] for name in dict.fromkeys((*names, "id"))}


async def _override(world: World, app: App, given: Mapping[str, Any]) -> str | None:
    """The given override URL of an account or a phone number, after its verification; None if none is given."""
    if not given.get("override_callback_uri"):
        return None
    url = check_url(given["override_callback_uri"], "override_callback_uri", MAX_OVERRIDE_LENGTH)
    token = check_token(given.get("verify_token"))
    if not world.subscriptions.may_override(app.id):
        raise invalid_parameter(
            "Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp "
            "Business Account"
        )
    await verify(url, token)
    return url


def _shown(app: App, override: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"whatsapp_business_api_data": {"link": app.link, "name": app.name, "id": app.id}}
    return shown if override is None else {"override_callback_uri": override, **shown}


def _names(fields: object) -> tuple[str, ...]:
    names = fields.split(",") if isinstance(fields, str) else fields
    if not isinstance(names, list) or not names:
        raise invalid_parameter("The parameter fields is required.")
    for name in names:
        if name not in FIELDS:
            raise invalid_parameter(f'Param fields[0] must be one of {{{", ".join(FIELDS)}}} - got "{name}".')
    return tuple(dict.fromkeys(names))
