"""The kinds of values in settings, params and connections: what each may be, and what is said of one that cannot be."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from partner_messages.config import public_holidays
from partner_messages.config.plain_text import checked_id
from partner_messages.config.sending_days import FIRST_DAY, LAST_DAY
from partner_messages.config.table_names import checked_table
from whatsapp_provider.languages import normalise_language
from whatsapp_provider.meta_languages import META_LANGUAGES
from whatsapp_provider.web_address import is_web_address

_CLOCK_TIME = re.compile(r"([0-9]{1,2}:[0-9]{2})(?::00)?")


def _clock_time(value: Any) -> Any:
    """Accept "9:00", "09:00" and "09:00:00", and nothing else: a bare 9 would be read as nine seconds past midnight."""
    if isinstance(value, dt.time):
        return value
    if isinstance(value, str) and (written := _CLOCK_TIME.fullmatch(value)):
        with contextlib.suppress(ValueError):
            return dt.time.fromisoformat(written[1].zfill(len("09:00")))
    raise ValueError('must be a time such as "09:00"')


def _language(value: Any) -> str:
    code = normalise_language(value) if isinstance(value, str) else None
    if code is None or code.partition("_")[0] not in _SPOKEN:
        raise ValueError('must be the code of a language that Meta knows, such as "hi"')
    return code


_SPOKEN = frozenset(code.partition("_")[0] for code in META_LANGUAGES)


def _stop_word(value: str) -> str:
    if not any(one.isalnum() for one in value):
        raise ValueError("must have a letter or a digit in it: nobody writes it as a word")
    return value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("must name each only once")
    return values


_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: Any) -> dt.date:
    """Accept "2026-11-09" and nothing else: a bare number would be read as seconds since 1970."""
    day = None
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        with contextlib.suppress(ValueError):
            day = dt.date.fromisoformat(value)
    if day is None:
        raise ValueError('must be a day such as "2026-11-09"')
    # As of the shop's own times: a day of another year is a slip of the finger, and would pause nobody, or for good.
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must be a day of the years {FIRST_DAY.year} to {LAST_DAY.year}")
    return day


def _with_ids(value: dict[str, Any]) -> dict[str, Any]:
    for id_ in value:
        checked_id(id_)
    return value


_LAST_STEP = 365


@dataclass(frozen=True)
class WeeklyCadence:
    """Reminders on some sending days of a stall, then each week on the weekday of the last of them."""

    days: tuple[int, ...]


def _cadence(value: Any) -> Literal["daily"] | tuple[int, ...] | WeeklyCadence:
    if value == "daily":
        return "daily"
    if isinstance(value, dict) and "days" in value:
        days = _rising_days(value["days"])
        if days is None or value != {"days": value["days"], "then": "weekly"}:
            raise ValueError('must have days in rising order and then "weekly": {"days": [1, 3, 7], "then": "weekly"}')
        return WeeklyCadence(days)
    steps = _rising_days(value)
    if steps is None:
        raise ValueError(f'must be "daily" or days in rising order from 1 to {_LAST_STEP}, such as [1, 3, 7]')
    return steps


def _rising_days(value: Any) -> tuple[int, ...] | None:
    days = tuple(value) if isinstance(value, list | tuple) else ()
    whole = all(type(day) is int and 1 <= day <= _LAST_STEP for day in days)
    return days if days and whole and all(one < other for one, other in pairwise(days)) else None


def _holiday_code(value: Any) -> str:
    if not (isinstance(value, str) and public_holidays.is_known(value)):
        raise ValueError(public_holidays.advice_on(value))
    return value


def _written_like(pattern: str, words: str) -> AfterValidator:
    """A text of that form, asked for in words."""
    form = re.compile(pattern)

    def checked(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(words)
        return value

    return AfterValidator(checked)


def _host_name(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _picture_url(value: str) -> str:
    # Meta downloads it, so it must be public.
    if not is_web_address(value):
        raise ValueError("must be an https URL of a host, without a user or password")
    return value


_SLASHES_TO_THE_PATH = "https://host/".count("/")


def _rewrite(value: str) -> str:
    before, placeholder, after = value.partition("{url}")
    behind_the_host = "?" in before or before.count("/") >= _SLASHES_TO_THE_PATH
    if not placeholder or not behind_the_host or set(before + after) & set("{}"):
        raise ValueError('must have "{url}" in it once, behind the host, and no other braces')
    _picture_url(before + after)
    return value


DEFAULT_PRICE = "default"
"""The key of the price for all countries that have none of their own."""
_COUNTRY = re.compile(r"[A-Z]{2}")


def _by_country(value: dict[str, Any]) -> dict[str, Any]:
    for country in value:
        if country != DEFAULT_PRICE and not _COUNTRY.fullmatch(country):
            raise ValueError(f'must have countries such as "IN", or "{DEFAULT_PRICE}", for keys')
    return value


ClockTime = Annotated[dt.time, BeforeValidator(_clock_time)]
Language = Annotated[str, BeforeValidator(_language)]
StopWord = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_stop_word)]
EachOnce = AfterValidator(_each_once)
"""Of a list in which nothing stands twice."""
Day = Annotated[dt.date, BeforeValidator(_day)]
Cadence = Annotated[Literal["daily"] | tuple[int, ...] | WeeklyCadence, PlainValidator(_cadence)]
HolidayCode = Annotated[str, BeforeValidator(_holiday_code)]
Hours = Annotated[float, Field(gt=0, le=24 * 365, title="hours")]
Seconds = Annotated[float, Field(gt=0, le=600, title="seconds")]
Price = Annotated[float, Field(ge=0, le=1_000)]
ByCountry = AfterValidator(_by_country)
"""Of a dict whose keys are countries, or `default`."""
Currency = Annotated[str, _written_like(r"[A-Z]{3}", 'must be three capitals, such as "INR"')]
PictureUrl = Annotated[str, AfterValidator(_picture_url)]
Rewrite = Annotated[str, AfterValidator(_rewrite)]
ById = AfterValidator(_with_ids)
"""Of a dict whose keys are ids."""
TableName = Annotated[str, AfterValidator(checked_table)]
Id = Annotated[str, AfterValidator(checked_id)]
E164 = Annotated[str, _written_like(r"\+[1-9][0-9]{6,14}", 'must be a phone in E.164 form, such as "+919812345678"')]
HostName = Annotated[
    str,
    BeforeValidator(_host_name),
    _written_like(r"[a-z0-9.:-]+", 'must be a host alone, such as "media.shop.internal"'),
]
Label = Annotated[
    str,
    _written_like(
        r"[a-z0-9_]+",
        'must be small letters, digits and _, such as "in" for the connection whatsapp_in',
    ),
]
ClassPath = Annotated[
    str,
    _written_like(
        r"[A-Za-z_][\w.]*\.[A-Za-z_]\w*",
        'must be a module and a class, such as "airflow.providers.smtp.notifications.smtp.SmtpNotifier"',
    ),
]
