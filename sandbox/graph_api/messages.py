"""`POST /{version}/{phone_number_id}/messages`: Meta's checks of a message, in Meta's order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.graph_api import interactive_message, progress, template_message
from sandbox.graph_api.accounts import Account
from sandbox.graph_api.calls import Call
from sandbox.graph_api.errors import GraphError, check_keys, invalid_parameter
from sandbox.graph_api.exchange import JSON_TYPE, Answer
from sandbox.graph_api.outbox import Content, Message, Status, new_wamid
from sandbox.graph_api.phone_numbers import recipient_number
from sandbox.graph_api.versions import major
from sandbox.graph_api.world import World

MESSAGE_KEYS = {
    *("messaging_product", "recipient_type", "to", "type", "context", "biz_opaque_callback_data"),
    *("recipient_identity_key_hash",),
}
OTHER_TYPES = {"audio", "contacts", "document", "location", "reaction", "sticker", "video"}
TYPES = ("template", "text", "image", "interactive")
TEXT_KEYS = {"body", "preview_url"}
IMAGE_KEYS = {"link", "id", "caption"}
CONTEXT_KEYS = {"message_id"}
CALLBACK_DATA_LENGTH = 512
TEXT_LENGTH = 4096
CAPTION_LENGTH = 1024


def send_message(world: World, call: Call) -> Answer:
    """Check a message and accept it.

    Raises:
        GraphError: Meta's error for it.
    """
    account = call.account_by("phone_number_id")
    given, now = call.request.json_object(), call.request.received_at
    kind = _check_envelope(given)
    to = recipient_number(given["to"], account.country_code)
    if to == account.display_phone_number:
        raise GraphError(131021)
    content = _content(world, given, kind, account, call)
    mark = world.marks.get(to)
    if mark is not None and not mark.late:
        raise GraphError(mark.code)
    _check_pace(world, account.phone_number_id, to, now)

    message = Message(
        id=new_wamid(to),
        phone_number_id=account.phone_number_id,
        to=to,
        type=kind,
        content=content,
        received_at=now,
        biz_opaque_callback_data=given.get("biz_opaque_callback_data"),
        reply_to=(given.get("context") or {}).get("message_id"),
    )
    late_code = mark.code if mark is not None else None
    if kind != "template" and not world.window_is_open(account.phone_number_id, to, now):
        late_code = 131047
    if late_code is not None:
        message.status, message.error = Status.FAILED, GraphError(late_code).asynchronous()
    world.outbox.add(message)
    progress.begin(world, account, message)
    return Answer(200, _accepted(given["to"], message), (JSON_TYPE,))


def without_message_id(taken: Answer) -> Answer:
    """The same answer without the message id; an error stays as it is."""
    if taken.status != 200:
        return taken
    return Answer(taken.status, json.dumps({"messaging_product": "whatsapp", "messages": []}).encode(), taken.headers)


def held_back(world: World, taken: Answer, message_status: str) -> Answer:
    """The same answer with another message status (templates only); the message is then not delivered by itself."""
    given = json.loads(taken.body)
    if taken.status != 200 or "message_status" not in given["messages"][0]:
        return taken
    given["messages"][0]["message_status"] = message_status
    message = world.outbox.get(given["messages"][0]["id"])
    if message is not None and message_status != "accepted":
        message.held = True
    return Answer(taken.status, json.dumps(given).encode(), taken.headers)


def _accepted(to: str, message: Message) -> bytes:
    sent: dict[str, str] = {"id": message.id}
    if message.type == "template":
        sent["message_status"] = "accepted"
    return json.dumps(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": message.to[1:]}],
            "messages": [sent],
        }
    ).encode()


def _check_envelope(given: Mapping[str, Any]) -> str:
    """Check the fields that every message has; return the message's type."""
    if given.get("messaging_product") != "whatsapp":
        raise invalid_parameter("The parameter messaging_product is required.")
    to = given.get("to")
    if not isinstance(to, str) or not to:
        raise invalid_parameter("The parameter to is required.")
    if given.get("recipient_type", "individual") != "individual":
        raise invalid_parameter("Param recipient_type must be one of {INDIVIDUAL}.")
    kind = str(given.get("type", "text"))
    if kind in OTHER_TYPES:
        raise GraphError(131051, f"Messages of type {kind} are not supported by this local server.")
    if kind not in TYPES:
        raise invalid_parameter(f'Param type must be one of {{IMAGE, INTERACTIVE, TEMPLATE, TEXT}} - got "{kind}".')
    check_keys(given, {*MESSAGE_KEYS, kind}, " on the message")
    data = given.get("biz_opaque_callback_data")
    if data is not None and (not isinstance(data, str) or len(data) > CALLBACK_DATA_LENGTH):
        raise invalid_parameter(
            f"Param biz_opaque_callback_data must be a string of at most {CALLBACK_DATA_LENGTH} characters."
        )
    if given.get("context") is not None:
        template_message.as_object(given["context"], "context", CONTEXT_KEYS)
    return kind


def _content(world: World, given: Mapping[str, Any], kind: str, account: Account, call: Call) -> Content:
    if kind == "text":
        text = template_message.as_object(given.get("text"), "text", TEXT_KEYS)
        return Content(text=_length_checked(text.get("body"), "text['body']", TEXT_LENGTH))
    if kind == "interactive":
        return interactive_message.compose(given.get("interactive"))
    if kind == "image":
        link = template_message.image_link(given.get("image"), "image", IMAGE_KEYS)
        caption = given["image"].get("caption")
        shown = "" if caption is None else _length_checked(caption, "image['caption']", CAPTION_LENGTH)
        return Content(text=shown, header={"type": "image", "link": link})
    name, language = template_message.template_name_and_language(given.get("template"))
    found = world.templates.find(account.waba_id, name, language, call.request.received_at)
    template = template_message.sendable(found, name, language)
    return template_message.compose(template, given["template"].get("components"), major(call.route.version))


def _length_checked(text: object, place: str, longest: int) -> str:
    if not isinstance(text, str) or not text:
        raise invalid_parameter(f"The parameter {place} is required.")
    if len(text) > longest:
        raise invalid_parameter(f"Param {place} must be at most {longest} characters long.")
    return text


def _check_pace(world: World, phone_number_id: str, number: str, now: float) -> None:
    """Check the rate of the number and of the pair; refused messages are not counted."""
    pair = (phone_number_id, number)
    if not world.throughput.has_room(phone_number_id, world.limits.messages_per_second, now):
        raise GraphError(130429)
    if not world.pairs.has_room(pair, world.limits, now):
        raise GraphError(131056)
    world.throughput.add(phone_number_id, now)
    world.pairs.add(pair, world.limits, now)
