"""Phone numbers: whatever was typed becomes E.164 at the edge, or nothing at all; and which number is the partner's.

A wrong guess writes to a stranger, so a text is read in every way in which it may be meant: where two of them are
numbers, and nothing but a guess would decide, there is none.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from partner_messages.recipients.people import Partner, PartnerAdmin
from partner_messages.recipients.spelling import dialled, is_same_phone

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

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""What nearly every WhatsApp account has for a number."""


_AROUND_A_NUMBER = re.compile(r"^(?:whatsapp|tel):|@[a-z.]+$", re.IGNORECASE)


class PhoneProblem(enum.StrEnum):
    """Why there is no phone to write to; the values are the message log's skip reasons."""

    NO_PHONE = "no_phone"
    """Nothing was typed anywhere it may be taken from."""
    INVALID_PHONE = "invalid_phone"
    """Something was typed, and it is not a number that can receive WhatsApp."""
    AMBIGUOUS_PHONE = "ambiguous_phone"
    """What was typed is a number of two countries, or two of one, and does not say which."""


@dataclass(frozen=True)
class PhoneChoice:
    """The number to write to, or why there is none; exactly one of the two is set.

    Attributes:
        phone: E.164 with `+`.
        problem: Why there is no phone.
        readings: All the numbers that the text may mean, if they are several and Meta has not decided between them.
    """

    phone: str | None = field(default=None, repr=False)
    problem: PhoneProblem | None = None
    readings: tuple[str, ...] = field(default=(), repr=False)

    @property
    def possible(self) -> tuple[str, ...]:
        """Every number that may be the partner's."""
        return self.readings or ((self.phone,) if self.phone else ())


@functools.lru_cache(maxsize=50_000)
def readings(raw: str | None, country_code: str | None) -> tuple[str, ...]:
    """Every number that a text, as typed, may mean.

    One with `+` says its country. Any other may be a national number of the partner's country (with or without trunk
    zero or the country's own code), or, digits only, an international one without its `+`, as the shop stores verified
    ones: `61412345678`. One with `00` is international; only where that is no valid number are its digits read as they
    are dialled in the partner's country: `0011` leads abroad in Australia.

    Args:
        raw: As typed: spaces, dashes, dots and brackets may stand in it, letters may not.
        country_code: ISO 3166 alpha-2 of the partner; empty means India. With one that is not a country no national
            reading is tried.

    Returns:
        `+` and digits, each one valid and able to receive WhatsApp, none twice; more than one where the text does not
        say which.
    """
    if raw is None or any(character.isalpha() for character in raw):
        return ()
    typed = _from_its_start(raw)
    found: dict[str, None] = {}
    for text, reading_region in _ways(typed, _region(country_code)):
        # Digits that begin with their country's code are mostly one number in both ways: it need not be read twice.
        if text not in found and (phone := _valid(text, reading_region)):
            found[phone] = None
            if typed.startswith("00"):
                break
    return tuple(found)


def readings_of_address(raw: str | None, country_code: str | None) -> tuple[str, ...]:
    """Every number that the address of a conversation may mean, which may be written as other systems do.

    Args:
        raw: As `readings` takes it, or within an address such as `whatsapp:+91…` or `91…@s.whatsapp.net`.
        country_code: As `readings` takes it.
    """
    return readings(raw and _AROUND_A_NUMBER.sub("", raw.strip()), country_code)


def _region(country_code: str | None) -> str:
    return (country_code or "").strip().upper() or DEFAULT_REGION


def to_e164(raw: str | None, country_code: str | None) -> str | None:
    """Read a number as typed.

    Args:
        raw: As `readings` takes it.
        country_code: As `readings` takes it.

    Returns:
        `+` and digits, or None where nothing valid that can receive WhatsApp comes out, or more than one number.
    """
    found = readings(raw, country_code)
    return found[0] if len(found) == 1 else None


def _from_its_start(raw: str) -> str:
    """A text from its first digit or plus on, in the digits and the plus that everybody types."""
    text = "".join(str(int(one)) if one.isdecimal() else one for one in raw).replace("\N{FULLWIDTH PLUS SIGN}", "+")
    start = next((at for at, one in enumerate(text) if one == "+" or one.isdecimal()), len(text))
    return text[start:]


def _ways(text: str, region: str) -> Iterator[tuple[str, str | None]]:
    if text.startswith("+"):
        yield text, None
        return
    if text.startswith("00"):
        yield f"+{text[2:]}", None
    yield text, region
    # People also write a trunk zero before their own country code: 091 98290 12345.
    if text.startswith(f"0{phonenumbers.country_code_for_region(region)}"):
        yield f"+{text[1:]}", None
    # A trunk zero says that a number is national.
    if not text.startswith("0"):
        yield f"+{text}", None


def _valid(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(number) not in _NO_WHATSAPP:
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # What Meta calls a phone need not be what is dialled, and only that is known to be valid.
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return _valid(dialled(written), None) if region is None and dialled(written) != written else None


def choose_phone(
    partner: Partner, admins: Iterable[PartnerAdmin], reached_at: Collection[str] = frozenset()
) -> PhoneChoice:
    """Choose the partner's phone by the shop's own rule.

    `whatsapp_number` if it is verified, else the phone of the first active admin (by `created_at`, then id) that has
    one. The choice is made before the number is read: a verified number that cannot be is a fault to be repaired, not a
    reason to write to somebody else.

    Args:
        partner: Whose phone it is.
        admins: Of whomever; others' are left out.
        reached_at: Numbers, E.164, at which Meta says that the partner is: one of them decides between two readings.
            Where Meta says nothing, a fixed line abroad is no rival of a mobile of the partner's own country.
    """
    if partner.whatsapp_verified and _typed(partner.whatsapp_number):
        raw = partner.whatsapp_number
    else:
        own = (admin for admin in admins if admin.partner_id == partner.id and admin.is_active and _typed(admin.phone))
        first = min(own, key=_eldest_first, default=None)
        if first is None:
            return PhoneChoice(problem=PhoneProblem.NO_PHONE)
        raw = first.phone
    found = readings(raw, partner.country_code)
    met = [phone for phone in found if any(is_same_phone(phone, known) for known in reached_at)]
    likely = met or _likely(found, partner.country_code)
    if not likely:
        return PhoneChoice(problem=PhoneProblem.INVALID_PHONE)
    if len(likely) > 1:
        return PhoneChoice(problem=PhoneProblem.AMBIGUOUS_PHONE, readings=found)
    return PhoneChoice(phone=likely[0], readings=found if len(found) > 1 and not met else ())


def _likely(found: Sequence[str], country_code: str | None) -> Sequence[str]:
    """Without fixed lines abroad, where a mobile of the partner's own country is among the readings.

    Of the mobiles of India, one in twenty is also a fixed line in Malaysia, New Zealand or elsewhere, which hardly
    anybody has for WhatsApp. The other way round it is no guess to be made: a fixed line at home and a mobile abroad.
    """
    if len(found) < 2:
        return found
    home = f"+{phonenumbers.country_code_for_region(_region(country_code))}"
    mobiles = {phone for phone in found if phonenumbers.number_type(phonenumbers.parse(phone)) in _MOBILE}
    if not any(phone.startswith(home) for phone in mobiles):
        return found
    return [phone for phone in found if phone in mobiles or phone.startswith(home)]


_UNKNOWN = dt.datetime.min.replace(tzinfo=dt.UTC)


def _eldest_first(admin: PartnerAdmin) -> tuple[bool, dt.datetime, str]:
    # One whose time nobody knows comes last.
    return admin.created_at is None, admin.created_at or _UNKNOWN, admin.id


def _typed(raw: str | None) -> bool:
    return bool(raw and raw.strip())
