"""The page that shows each message the way a phone would: chats with bubbles, without any request to elsewhere."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import phonenumbers.timezone
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from sandbox.graph_api.inbound import Inbound
from sandbox.graph_api.outbox import Message
from sandbox.graph_api.world import World

NEWEST_SHOWN = 500
# Nothing may be fetched: the page is for a machine without the Internet, and pictures in messages are not ours to load.
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# WhatsApp's marks: a pair of them around words that touch them.
MARKS = (
    (re.compile(r"```(.+?)```", re.DOTALL), "code"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "del"),
)
WEB_ADDRESS = re.compile(r"https?://[^\s<]+")


@dataclass(frozen=True)
class Bubble:
    """One message in a chat.

    Attributes:
        message: What the business sent; None for what the partner wrote.
        text: What the partner wrote.
        at: When, in the recipient's time zone.
        starts_day: Whether it is the first of its day.
    """

    message: Message | None
    text: str
    at: datetime
    starts_day: bool


@dataclass(frozen=True)
class Chat:
    """What one partner's phone shows of one business.

    Attributes:
        number: The partner's, as people write it.
        business: The verified name.
        business_number: As people write it.
        zone: The partner's time zone.
        bubbles: Oldest first.
    """

    number: str
    business: str
    business_number: str
    zone: str
    bubbles: tuple[Bubble, ...]


def phone_page(world: World, *, phone_number_id: str | None, to: str | None) -> HTMLResponse:
    """The page.

    Args:
        world: What to show.
        phone_number_id: Only messages of this sender; None for all.
        to: Only messages with this number (E.164); None for all.
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
            total=len(messages),
            shown=len(shown),
            counts=Counter(message.status for message in messages),
        )
    )
    return HTMLResponse(html, headers={"content-security-policy": CONTENT_POLICY})


def marked_up(text: str) -> Markup:
    """A message's text as HTML: WhatsApp's *bold*, _italic_, ~struck~ and ```code```, web addresses, new lines."""
    html = str(escape(text))
    for pattern, tag in MARKS:
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
                number=_spoken(number),
                business=account.verified_name,
                business_number=_spoken(account.display_phone_number),
                zone=zone.key,
                bubbles=tuple(_bubbles(parts, zone)),
            )
        )
    return chats


def _bubbles(parts: list[Message | Inbound], zone: ZoneInfo) -> Iterable[Bubble]:
    day: date | None = None
    for part in sorted(parts, key=lambda part: part.received_at):
        at = datetime.fromtimestamp(part.received_at, zone)
        starts_day = at.date() != day
        yield Bubble(part, "", at, starts_day) if isinstance(part, Message) else Bubble(None, part.text, at, starts_day)
        day = at.date()


@cache
def _zone(number: str) -> ZoneInfo:
    """The first time zone of a number's region; UTC where it has none."""
    zones = phonenumbers.timezone.time_zones_for_number(phonenumbers.parse(number))
    return ZoneInfo("UTC" if not zones or zones[0] == phonenumbers.timezone.UNKNOWN_TIMEZONE else zones[0])


@cache
def _spoken(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _hue(text: str) -> int:
    """A colour for a picture or a name, always the same one for the same text."""
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
    return environment
