"""Phone numbers: whatever was typed becomes E.164 at the edge, or nothing at all; and which number is the partner's.

A wrong guess writes to a stranger, so a text is read in few, ordered ways and only a valid number comes out.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from partner_messages.recipients.people import Partner, PartnerAdmin

DEFAULT_REGION = "IN"
"""How a national number is read when the partner has no country code: the shop is in India."""

_NO_WHATSAPP = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.UNKNOWN,  # exactly the numbers that are not valid
    }
)
"""What no WhatsApp account can have for a number; fixed lines are possible (businesses use them)."""


class PhoneProblem(enum.StrEnum):
    """Why there is no phone to write to; the values are the message log's skip reasons."""

    NO_PHONE = "no_phone"
    """Nothing was typed anywhere it may be taken from."""
    INVALID_PHONE = "invalid_phone"
    """Something was typed, and it is not a number that can receive WhatsApp."""


@dataclass(frozen=True)
class PhoneChoice:
    """The number to write to, or why there is none; exactly one of the two is set.

    Attributes:
        phone: E.164 with `+`.
        problem: Why there is no phone.
    """

    phone: str | None = field(default=None, repr=False)
    problem: PhoneProblem | None = None


@functools.lru_cache(maxsize=10_000)
def to_e164(raw: str | None, country_code: str | None) -> str | None:
    """Read a number as typed.

    The readings, in order; the first valid one wins:

    1. With `+`, or `00`, as international.
    2. As a national number of the partner's country (with or without trunk zero or the country's own code).
    3. Digits only, as international without its `+`: `61412345678`.

    Args:
        raw: As typed: spaces, dashes, dots and brackets may stand in it, letters may not.
        country_code: ISO 3166 alpha-2 of the partner; empty means India. With one that is not a country no national
            reading is tried.

    Returns:
        `+` and digits, or None where nothing valid that can receive WhatsApp comes out.
    """
    if raw is None or any(character.isalpha() for character in raw):
        return None
    region = (country_code or "").strip().upper() or DEFAULT_REGION
    for text, reading_region in _readings(raw.strip(), region):
        phone = _valid(text, reading_region)
        if phone:
            return phone
    return None


def _readings(text: str, region: str) -> Iterator[tuple[str, str | None]]:
    if text.startswith(("+", "\N{FULLWIDTH PLUS SIGN}")):
        yield text, None
        return
    if text.startswith("00"):
        yield f"+{text[2:]}", None
    yield text, region
    # People also write a trunk zero before their own country code: 091 98290 12345.
    if text.startswith(f"0{phonenumbers.country_code_for_region(region)}"):
        yield f"+{text[1:]}", None
    if not text.startswith("0"):
        yield f"+{text}", None


def _valid(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(number) in _NO_WHATSAPP:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def choose_phone(partner: Partner, admins: Iterable[PartnerAdmin]) -> PhoneChoice:
    """Choose the partner's phone by the shop's own rule.

    `whatsapp_number` if it is verified, else the phone of the first active admin (by `created_at`, then id) that has
    one. The choice is made before the number is read: a verified number that cannot be is a fault to be repaired, not a
    reason to write to somebody else.
    """
    if partner.whatsapp_verified and _typed(partner.whatsapp_number):
        raw = partner.whatsapp_number
    else:
        own = (admin for admin in admins if admin.partner_id == partner.id and admin.is_active and _typed(admin.phone))
        first = min(own, key=lambda admin: (admin.created_at, admin.id), default=None)
        if first is None:
            return PhoneChoice(problem=PhoneProblem.NO_PHONE)
        raw = first.phone
    phone = to_e164(raw, partner.country_code)
    return PhoneChoice(phone=phone) if phone else PhoneChoice(problem=PhoneProblem.INVALID_PHONE)


def _typed(raw: str | None) -> bool:
    return bool(raw and raw.strip())
