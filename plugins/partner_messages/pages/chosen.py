"""Which settings are tried on the page "What if": fields of an address, each read and shown in the same words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from partner_messages.config.problems import first_problem, nearest
from partner_messages.config.setting_groups import TimeWindow
from partner_messages.config.settings import Settings
from partner_messages.config.value_kinds import WeeklyCadence
from partner_messages.deployment.saving import Change
from partner_messages.pages.asked import NotAsked

WEEKLY = "then weekly"


@dataclass(frozen=True)
class Field:
    """One field of the form.

    Attributes:
        name: In the address.
        key: The setting.
        label: What people call it.
        hint: How it is written.
        read: Makes the value that the Variable would have of what was typed, given the setting's whole value there.
        shown: What is typed for the value that some settings have.
    """

    name: str
    key: str
    label: str
    hint: str
    read: Callable[[str, Any], Any]
    shown: Callable[[Settings], str]


def _number(text: str) -> Any:
    """A number; what is none stays as it was typed, and the settings' own rules say what is wrong with it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def _cadence(text: str) -> Any:
    days, weekly = (text[: -len(WEEKLY)], True) if text.endswith(WEEKLY) else (text, False)
    if not re.fullmatch(r"[\d\s,]+", days):
        return text
    steps = [_number(day) for day in _listed(days)]
    return {"days": steps, "then": "weekly"} if weekly else steps


def _cadence_shown(settings: Settings) -> str:
    cadence = settings.cadence
    if isinstance(cadence, str):
        return cadence
    weekly = isinstance(cadence, WeeklyCadence)
    days = cadence.days if isinstance(cadence, WeeklyCadence) else cadence
    return ", ".join(map(str, days)) + (f" {WEEKLY}" if weekly else "")


def _listed(text: str) -> list[str]:
    return [one for one in re.split(r"[\s,]+", text) if one]


def _window(text: str) -> Any:
    return [one.strip() for one in text.split("-", 1)] if "-" in text else [text, text]


def _threshold(kind: str, label: str) -> Field:
    return Field(
        kind,
        "thresholds",
        f"Hours until {label}",
        "a number",
        lambda text, stored: {**(stored if isinstance(stored, dict) else {}), kind: _number(text)},
        lambda settings: f"{settings.thresholds.hours(kind):g}",
    )


def _limit(key: str, label: str) -> Field:
    return Field(
        key,
        key,
        label,
        "a number; empty: never",
        lambda text, _: _number(text) if text else None,
        lambda settings: str(getattr(settings, key) or ""),
    )


def _list(key: str, label: str, hint: str) -> Field:
    return Field(
        key,
        key,
        label,
        hint,
        lambda text, _: _listed(text),
        lambda settings: ", ".join(map(str, getattr(settings, key))),
    )


def _hours(key: str, label: str) -> Field:
    def shown(settings: Settings) -> str:
        window: TimeWindow = getattr(settings, key)
        return str(window)

    return Field(key, key, label, "such as 09:00-19:00", lambda text, _: _window(text), shown)


FIELDS: Sequence[Field] = (
    Field(
        "cadence",
        "cadence",
        "On which sending days of a stall",
        f"daily; or days such as 1, 3, 7; or 1, 3, 7 {WEEKLY}",
        lambda text, _: _cadence(text),
        _cadence_shown,
    ),
    _threshold("assignment_pending", "never accepted"),
    _threshold("not_started", "never started"),
    _threshold("idle", "gone quiet"),
    _limit("max_reminders", "Reminders of a stall, at most"),
    _limit("escalate_after", "A person is called after so many days in a row"),
    Field(
        "digest",
        "digest",
        "One message for all of a partner's runs",
        "yes or no",
        lambda text, _: {"yes": True, "no": False}.get(text, text),
        lambda settings: "yes" if settings.digest else "no",
    ),
    _list("holidays", "Whose holidays", "codes such as IN, IN-RJ"),
    _list("holidays_added", "Further days off", "days such as 2026-12-24"),
    _list("holidays_removed", "No holidays after all", "days such as 2026-12-25"),
    _hours("send_window", "Messages leave (IST)"),
    _hours("partner_send_window", "In the recipient's own time"),
)
"""In the order of the form."""
_BY_NAME = {one.name: one for one in FIELDS}


@dataclass(frozen=True)
class Difference:
    """One line of what is changed."""

    label: str
    now: str
    chosen: str


@dataclass(frozen=True)
class Chosen:
    """The settings that are tried.

    Attributes:
        settings: All of them.
        change: What they change in the Variable.
        differences: The same in words.
    """

    settings: Settings
    change: Change
    differences: Sequence[Difference]


def chosen_of(typed: Mapping[str, str], stored: Any, now: Settings) -> Chosen:
    """The settings that an address asks for; what it does not name is as it is now.

    Args:
        typed: The fields, by name.
        stored: The Variable's value.
        now: The same, as settings.

    Raises:
        NotAsked: A field is unknown, or the settings would not be valid; nothing is left out in silence.
    """
    stored = stored or {}
    after = dict(stored)
    for name, text in typed.items():
        field = _BY_NAME.get(name)
        if field is None:
            near = nearest(name, _BY_NAME)
            raise NotAsked(f'"{name}" is no field of this page; ' + (f'"{near}" is.' if near else "see the form."))
        if text.strip() != field.shown(now):
            after[field.key] = field.read(text.strip(), after.get(field.key))
    try:
        settings = Settings.model_validate(after)
    except ValidationError as error:
        raise NotAsked(f"These settings cannot be: {_in_words_of_the_form(error)}") from None
    return _compared(stored, after, now, settings)


def _in_words_of_the_form(error: ValidationError) -> str:
    """The first problem, with the label of its field and how that is written."""
    said, loc = first_problem(error, Settings), error.errors()[0]["loc"]
    field = next((one for one in FIELDS if loc and one.key == loc[0] and one.name in loc), None)
    if field is None:
        return said
    if error.errors()[0]["type"].startswith("bool_"):
        return f"{field.label}: {field.hint}."
    what = (
        said.partition('": ')[2]
        .removesuffix(".")
        .replace(", without quotes or unit", "")
        .replace(", without quotes", "")
    )
    return f"{field.label}: {what} ({field.hint})."


def _compared(stored: Mapping[str, Any], after: Mapping[str, Any], now: Settings, settings: Settings) -> Chosen:
    keys = {one.key for one in FIELDS if getattr(now, one.key) != getattr(settings, one.key)}
    change = Change(
        {key: stored[key] for key in sorted(keys) if key in stored},
        {key: after[key] for key in sorted(keys) if key in after},
    )
    return Chosen(settings, change, differences(now, settings))


def differences(now: Settings, settings: Settings) -> list[Difference]:
    """What is different between two settings, in the words of the form."""
    return [
        Difference(one.label, one.shown(now) or "none", one.shown(settings) or "none")
        for one in FIELDS
        if one.shown(now) != one.shown(settings)
    ]
