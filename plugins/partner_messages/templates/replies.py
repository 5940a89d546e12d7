"""The texts of free-form replies to partners, within WhatsApp's 24-hour window (`include/templates/replies/`)."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from partner_messages.config.paths import REPLIES, included

FALLBACK = "en"
"""The language of a reply if there are no texts in the partner's."""


class Reply(enum.StrEnum):
    """The replies; each has a text in every language of the file."""

    STOPPED = "stopped"
    STARTED = "started"
    LANGUAGE = "language"
    HELP = "help"
    WHEN = "when"
    PROMISED = "promised"
    NO_THIRD = "no_third"
    MOVED = "moved"


@dataclass(frozen=True)
class ReplyTexts:
    """The file's content.

    Attributes:
        texts: By reply, then by language.
        days: The names of weekdays and months, by language.
    """

    texts: Mapping[str, Mapping[str, str]]
    days: Mapping[str, Mapping[str, list[str]]]

    def language(self, wanted: str | None) -> str:
        """The wanted language if it has texts, else without its region, else English."""
        base = (wanted or "").partition("_")[0]
        return next((one for one in (wanted or "", base) if one in self.days), FALLBACK)

    def text(self, reply: Reply, language: str, day: dt.date | None = None) -> str:
        """The text of a reply, with its day if it has one."""
        return self.texts[reply][language].replace("{day}", self.day(day, language) if day else "")

    def day(self, day: dt.date, language: str) -> str:
        """A day with the names of weekday and month, short enough for a button."""
        names = self.days[language]
        return f"{names['weekdays'][day.weekday()]} {day.day} {names['months'][day.month - 1]}"


@functools.cache
def reply_texts() -> ReplyTexts:
    """The shipped texts, read once a process.

    Raises:
        SettingsError: There is no `include/`.
    """
    said = tomllib.loads((included(REPLIES) / "replies.toml").read_text(encoding="utf-8"))
    return ReplyTexts(said["texts"], said["days"])
