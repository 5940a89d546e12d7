"""The calendars that the settings say: everybody's, and those of partners who have holidays of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings


def calendar_of(settings: Settings) -> Calendar:
    """The sending days that the settings say."""
    return Calendar(
        codes=settings.holidays,
        added=frozenset(settings.holidays_added),
        removed=frozenset(settings.holidays_removed),
    )


def own_calendars(settings: Settings) -> Mapping[str, Calendar]:
    """The holidays that are single partners' alone, by their ids."""
    removed = frozenset(settings.holidays_removed)
    return {
        id_: Calendar(codes=partner.holidays, removed=removed)
        for id_, partner in settings.partners.items()
        if partner.holidays
    }


def on_holiday(settings: Settings, day: dt.date) -> Mapping[str, str]:
    """The partners who have a holiday of their own on a day, and its name."""
    names = {id_: calendar.holiday(day) for id_, calendar in own_calendars(settings).items()}
    return {id_: name for id_, name in names.items() if name}


def calendars_for(settings: Settings, everybody_s: Calendar) -> Mapping[str, Calendar]:
    """The sending days of the partners who have holidays of their own: everybody's without those."""
    return {
        id_: replace(everybody_s, codes=(*everybody_s.codes, *own.codes))
        for id_, own in own_calendars(settings).items()
    }
