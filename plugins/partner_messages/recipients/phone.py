"""Read typed phone numbers as E.164, and choose the partner's number.

A wrong guess would write to a stranger, so a text is read in every possible way; if more than one reading is a valid
number and nothing decides between them, no number is used.
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
"""The region of national numbers if the partner has no country code: the shop is in India."""

_NO_WHATSAPP = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.UNKNOWN,  # The number is not valid.
    }
)
"""Types of numbers that cannot have WhatsApp; fixed lines can (businesses use them)."""

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""The types of nearly all WhatsApp numbers."""

_ADDRESS_PARTS = re.compile(r"^(?:whatsapp|tel):|@[a-z.]+$", re.IGNORECASE)


class PhoneProblem(enum.StrEnum):
    """Why there is no phone; the values are skip reasons of the message log."""

    NO_PHONE = "no_phone"
    """No phone is given."""
    INVALID_PHONE = "invalid_phone"
    """The given phone is not a number that can have WhatsApp."""
    AMBIGUOUS_PHONE = "ambiguous_phone"
    """The given phone can be read as more than one number."""


@dataclass(frozen=True)
class PhoneChoice:
    """The phone, or why there is none; exactly one of the two is set.

    Attributes:
        phone: E.164 with `+`.
        problem: Why there is no phone.
        readings: All possible readings, if there are several and no contact with Meta decides between them.
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
    """All possible readings of a typed phone number.

    A number with `+` has one reading. Any other may be a national number of the partner's country (with or without
    trunk zero or country code), or an international one without `+`, as the shop stores verified ones: `61412345678`. A
    number with `00` is international; only if that is not valid, it is read as dialled in the partner's country (from
    Australia, `0011` dials abroad).

    Args:
        raw: As typed: with spaces, dashes, dots and brackets, but without letters.
        country_code: ISO 3166 alpha-2 of the partner; empty means India. With an unknown code no national reading is
            tried.

    Returns:
        Different valid E.164 numbers that can have WhatsApp; more than one if the text is ambiguous.
    """
    if raw is None or any(character.isalpha() for character in raw):
        return ()
    typed = _from_first_digit(raw)
    found: dict[str, None] = {}
    for text, reading_region in _spellings(typed, _region(country_code)):
        # Most texts that begin with the country code give the same number twice; parse it once.
        if text not in found and (phone := _valid(text, reading_region)):
            found[phone] = None
            if typed.startswith("00"):
                break
    return tuple(found)


def readings_of_address(raw: str | None, country_code: str | None) -> tuple[str, ...]:
    """All possible readings of a conversation's address.

    Args:
        raw: As for `readings`, or an address such as `whatsapp:+91…` or `91…@s.whatsapp.net`.
        country_code: As for `readings`.
    """
    return readings(raw and _ADDRESS_PARTS.sub("", raw.strip()), country_code)


def _region(country_code: str | None) -> str:
    return (country_code or "").strip().upper() or DEFAULT_REGION


def to_e164(raw: str | None, country_code: str | None) -> str | None:
    """The only reading of a typed number in E.164 (arguments as for `readings`); None if there is none, or several."""
    found = readings(raw, country_code)
    return found[0] if len(found) == 1 else None


def _from_first_digit(raw: str) -> str:
    """A text from its first digit or plus on, in ASCII digits and plus."""
    text = "".join(str(int(one)) if one.isdecimal() else one for one in raw).replace("\N{FULLWIDTH PLUS SIGN}", "+")
    start = next((at for at, one in enumerate(text) if one == "+" or one.isdecimal()), len(text))
    return text[start:]


def _spellings(text: str, region: str) -> Iterator[tuple[str, str | None]]:
    if text.startswith("+"):
        yield text, None
        return
    if text.startswith("00"):
        yield f"+{text[2:]}", None
    yield text, region
    # Some people write a trunk zero before their own country code: 091 98290 12345.
    if text.startswith(f"0{phonenumbers.country_code_for_region(region)}"):
        yield f"+{text[1:]}", None
    # A number with a trunk zero is national.
    if not text.startswith("0"):
        yield f"+{text}", None


def _valid(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(number) not in _NO_WHATSAPP:
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # Meta's spelling of a phone may differ from the dialled one, and only the dialled one is known to be valid.
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return _valid(dialled(written), None) if region is None and dialled(written) != written else None


def choose_phone(
    partner: Partner, admins: Iterable[PartnerAdmin], reached_at: Collection[str] = frozenset()
) -> PhoneChoice:
    """Choose the partner's phone by the shop's own rule.

    The rule: `whatsapp_number` if it is verified, else the phone of the first active admin (by `created_at`, then id)
    that has one. The choice does not depend on validity: an invalid verified number must be repaired, and is no reason
    to write to somebody else.

    Args:
        partner: The partner.
        admins: Admins of any partner; others' are ignored.
        reached_at: Numbers, E.164, at which Meta has reached the partner: one of them decides between readings.
            Otherwise a mobile of the partner's own country is preferred to a fixed line abroad.
    """
    if partner.whatsapp_verified and _is_given(partner.whatsapp_number):
        raw = partner.whatsapp_number
    else:
        own = (
            admin for admin in admins if admin.partner_id == partner.id and admin.is_active and _is_given(admin.phone)
        )
        first = min(own, key=_by_age, default=None)
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
    """The readings without fixed lines abroad, if one reading is a mobile of the partner's own country.

    One in twenty Indian mobiles can be read as a fixed line in Malaysia, New Zealand or elsewhere, which is hardly ever
    used for WhatsApp. Between a fixed line at home and a mobile abroad nothing is decided.
    """
    if len(found) < 2:
        return found
    home = f"+{phonenumbers.country_code_for_region(_region(country_code))}"
    mobiles = {phone for phone in found if phonenumbers.number_type(phonenumbers.parse(phone)) in _MOBILE}
    if not any(phone.startswith(home) for phone in mobiles):
        return found
    return [phone for phone in found if phone in mobiles or phone.startswith(home)]


_NO_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)


def _by_age(admin: PartnerAdmin) -> tuple[bool, dt.datetime, str]:
    # An admin without a valid time comes last.
    return admin.created_at is None, admin.created_at or _NO_TIME, admin.id


def _is_given(raw: str | None) -> bool:
    return bool(raw and raw.strip())
