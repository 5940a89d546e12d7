"""The page that shows each message as on a phone, and on which a person can answer as the partner.

It has chats and forms, no script, and loads nothing from elsewhere.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import phonenumbers
import phonenumbers.timezone
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from sandbox.graph_api.inbound import Inbound, PartnerAction, inbound_message
from sandbox.graph_api.outbox import Message
from sandbox.graph_api.world import World

NEWEST_SHOWN = 500
# Nothing may be loaded: the page must work without the Internet, and pictures of messages belong to others.
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'"
WATCH_SECONDS = 3
TAPS = {"QUICK_REPLY": "button", "REPLY": "interactive"}
"""The buttons that a partner can tap, with Meta's type of the answer."""
MAX_ANSWER_BYTES = 4_096
QUOTE_LENGTH = 80
PAGE_QUERY = ("phone_number_id", "to", "watch")
NUMBER = re.compile(r"\+[0-9]{7,15}")
# WhatsApp's markup: a pair of signs around words, without spaces inside.
MARKUP = (
    (re.compile(r"```(.+?)```", re.DOTALL), "code"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "del"),
)
WEB_ADDRESS = re.compile(r"https?://[^\s<]+")


@dataclass(frozen=True)
class Bubble:
    """A message in a chat.

    Attributes:
        message: The message, if the business has sent it.
        note: The message, if the partner has sent it.
        at: The time in the partner's time zone.
        starts_day: Whether it is the first of its day.
        quoted: The beginning of the answered message, if there is one.
    """

    message: Message | None
    note: Inbound | None
    at: datetime
    starts_day: bool
    quoted: str = ""


@dataclass(frozen=True)
class Chat:
    """The chat of a partner with a business.

    Attributes:
        number: The partner's number as people write it.
        to: The partner's number, E.164.
        phone_number_id: The business's number.
        anchor: The chat's anchor on the page.
        last: The newest message of the business, which an answer may refer to, if there is one.
        business: The verified name.
        business_number: The business's number as people write it.
        zone: The partner's time zone.
        bubbles: The messages, oldest first.
    """

    number: str
    to: str
    phone_number_id: str
    anchor: str
    last: Message | None
    business: str
    business_number: str
    zone: str
    bubbles: tuple[Bubble, ...]


def phone_page(world: World, *, phone_number_id: str | None, to: str | None, watch: bool = False) -> HTMLResponse:
    """The page.

    Args:
        world: The state.
        phone_number_id: Only messages of this sender; None for all.
        to: Only messages with this number (E.164); None for all.
        watch: Whether the page reloads every few seconds.
    """
    messages = world.outbox.select(phone_number_id=phone_number_id, to=to)
    inbound = [
        note for note in world.inbound if phone_number_id in (None, note.phone_number_id) and to in (None, note.sender)
    ]
    shown = messages[-NEWEST_SHOWN:]
    html = (
        _environment()
        .get_template("phone.html")
        .render(
            chats=_chats(world, shown, inbound),
            accounts=world.accounts,
            chosen=phone_number_id,
            only=to,
            watch_seconds=WATCH_SECONDS if watch else None,
            taps=TAPS,
            longest=MAX_ANSWER_BYTES,
            total=len(messages),
            shown=len(shown),
            counts=Counter(message.status for message in messages),
        )
    )
    return HTMLResponse(html, headers={"content-security-policy": CONTENT_POLICY})


class NoSuchAnswerError(ValueError):
    """The form has an unknown number, message or button."""


def answer_as_partner(world: World, form: Mapping[str, str]) -> str:
    """A person answers as the partner: with a text, or with a tap on a button of a message.

    Args:
        world: The state.
        form: `phone_number_id` and `to` of the chat with a `text` and perhaps the answered message (`context`); or
            `context` and the number of the tapped `button`. `back` is the query of the page.

    Returns:
        The URL of the page to go back to.

    Raises:
        NoSuchAnswerError: The form has an unknown number, message or button.
    """
    message = world.outbox.get(form.get("context", ""))
    note = _tapped(world, message, form["button"]) if "button" in form else _written(world, message, form)
    if note is not None:
        world.receive(note)
    phone_number_id, to = form.get("phone_number_id", ""), form.get("to", "")
    query = urlencode([(name, value) for name, value in parse_qsl(form.get("back", "")) if name in PAGE_QUERY])
    return f"/?{query}#{_anchor(phone_number_id, to)}"


def _tapped(world: World, message: Message | None, number: str) -> Inbound:
    button = (
        message.content.buttons[int(number)]
        if message is not None and number.isdecimal() and int(number) < len(message.content.buttons)
        else None
    )
    if message is None or button is None or button["type"] not in TAPS:
        raise NoSuchAnswerError("There is no such button to tap.")
    said = PartnerAction(button["text"], button["payload"])
    kind, now = TAPS[button["type"]], world.clock.now()
    return inbound_message(message.phone_number_id, message.to, now, kind, said, context=message.id)


def _written(world: World, message: Message | None, form: Mapping[str, str]) -> Inbound | None:
    phone_number_id, to, text = (form.get(name, "") for name in ("phone_number_id", "to", "text"))
    if phone_number_id not in {account.phone_number_id for account in world.accounts} or not NUMBER.fullmatch(to):
        raise NoSuchAnswerError("There is no such chat.")
    if message is not None and (message.phone_number_id, message.to) != (phone_number_id, to):
        raise NoSuchAnswerError("There is no such message in this chat.")
    text = text.strip()[:MAX_ANSWER_BYTES]
    if not text:
        return None
    context = None if message is None else message.id
    return inbound_message(phone_number_id, to, world.clock.now(), "text", PartnerAction(text), context=context)


def marked_up(text: str) -> Markup:
    """A message's text as HTML, with WhatsApp's *bold*, _italic_, ~struck~ and ```code```, links and new lines."""
    html = str(escape(text))
    for pattern, tag in MARKUP:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    html = WEB_ADDRESS.sub(r'<span class="link">\g<0></span>', html)
    return Markup(html.replace("\n", "<br>"))  # noqa: S704 - escaped above


def _chats(world: World, messages: Iterable[Message], inbound: Iterable[Inbound]) -> list[Chat]:
    """Chats, the one with the newest message first."""
    grouped: dict[tuple[str, str], list[Message | Inbound]] = {}
    for message in messages:
        grouped.setdefault((message.to, message.phone_number_id), []).append(message)
    for note in inbound:
        grouped.setdefault((note.sender, note.phone_number_id), []).append(note)
    names = {account.phone_number_id: account for account in world.accounts}
    newest_first = sorted(grouped.items(), key=lambda item: max(part.received_at for part in item[1]), reverse=True)
    chats = []
    for (number, phone_number_id), parts in newest_first:
        account, zone = names[phone_number_id], _zone(number)
        chats.append(
            Chat(
                number=_written_number(number),
                to=number,
                phone_number_id=phone_number_id,
                anchor=_anchor(phone_number_id, number),
                last=max(
                    (part for part in parts if isinstance(part, Message)),
                    key=lambda part: part.received_at,
                    default=None,
                ),
                business=account.verified_name,
                business_number=_written_number(account.display_phone_number),
                zone=zone.key,
                bubbles=tuple(_bubbles(world, parts, zone)),
            )
        )
    return chats


def _bubbles(world: World, parts: list[Message | Inbound], zone: ZoneInfo) -> Iterable[Bubble]:
    day: date | None = None
    for part in sorted(parts, key=lambda part: part.received_at):
        at = datetime.fromtimestamp(part.received_at, zone)
        starts_day = at.date() != day
        if isinstance(part, Message):
            yield Bubble(part, None, at, starts_day)
        else:
            answered = world.outbox.get(part.context or "")
            quoted = "" if answered is None else answered.content.text.partition("\n")[0][:QUOTE_LENGTH]
            yield Bubble(None, part, at, starts_day, quoted)
        day = at.date()


def _query(phone_number_id: str | None, to: str | None, watch: object) -> str:
    """The query of the page with these filters."""
    parts = {"phone_number_id": phone_number_id, "to": to, "watch": "1" if watch else None}
    return urlencode({name: value for name, value in parts.items() if value is not None})


def _anchor(phone_number_id: str, to: str) -> str:
    return f"chat-{phone_number_id}-{to.removeprefix('+')}"


@cache
def _zone(number: str) -> ZoneInfo:
    """The first time zone of a number's region; UTC if there is none."""
    zones = phonenumbers.timezone.time_zones_for_number(phonenumbers.parse(number))
    return ZoneInfo("UTC" if not zones or zones[0] == phonenumbers.timezone.UNKNOWN_TIMEZONE else zones[0])


@cache
def _written_number(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _hue(text: str) -> int:
    """A colour for a picture or a name; the same text always gets the same colour."""
    return zlib.crc32(text.encode()) % 360


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(marked_up=marked_up, hue=_hue)
    environment.globals.update(query=_query)
    return environment
